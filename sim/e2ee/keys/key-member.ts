import { agreementKey } from "#primitives";
import type { WrapKey } from "../primitives/types.ts";
import { openRekey, openWelcome, roomMessageKind, rosterOfWelcome } from "./room-message.ts";
import type { Recipient, RoomSecret } from "./room-message.ts";
import type { Roster } from "./roster.ts";
import { RosterTrust } from "./roster-trust.ts";

/**
 * Why sealed bytes were refused. `malformed`: no message of ours; `authentication`: garbled, forged, or
 * meant for another member, key or room; `no-welcome`: a new secret wrapped under a pairwise key that
 * never came; `stale`: of a generation or roster that is not newer than the present one; `untrusted`:
 * signed by somebody whom the last roster does not know; `not-joined`: our own id is not known yet.
 */
export const sealedRefusalCauses = [
  "malformed",
  "authentication",
  "no-welcome",
  "stale",
  "untrusted",
  "not-joined",
] as const;
export type SealedRefusalCause = (typeof sealedRefusalCauses)[number];

export type Opened =
  | ({
      readonly kind: "secret";
      /** What is spoken under until speakers change over; null: the secret itself. */
      readonly spoken: RoomSecret | null;
    } & RoomSecret)
  | { readonly kind: "roster"; readonly roster: Roster }
  | { readonly kind: "refused"; readonly cause: SealedRefusalCause };

/** A member's end of the room's keys: its identity, fresh for each join, and what the distributor sealed to it. */
export class KeyMember {
  /** Whom we believe, and what the server and the signed roster do not agree on. */
  readonly trust: RosterTrust;
  readonly #key = agreementKey();
  #recipient: Recipient | undefined;
  #pairwiseKey: WrapKey | undefined;
  #generation = -1;

  /** `trust`: default, one of its own that reads rosters by itself. */
  constructor(trust: RosterTrust = new RosterTrust()) {
    this.trust = trust;
  }

  /** X25519, raw, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  /** Who and where we are, once the room has told. Sealed bytes are bound to both. */
  joined(recipient: Recipient): void {
    this.#recipient = recipient;
  }

  /** A secret came to us by another way: an older one than that is refused. */
  learned(generation: number): void {
    this.#generation = Math.max(this.#generation, generation);
  }

  /** Opens what the distributor sealed. Never throws, and nothing that is refused changes anything. */
  open(sealed: Uint8Array): Opened {
    const kind = roomMessageKind(sealed);
    if (kind === null) return refused("malformed");
    if (this.#recipient === undefined) return refused("not-joined");
    switch (kind) {
      case "welcome":
        return this.#openWelcome(sealed, this.#recipient);
      case "rekey":
        return this.#openRekey(sealed);
      case "roster": {
        const judged = this.trust.judge(this.#recipient.roomId, sealed);
        if (judged.kind === "refused") return judged;
        if (!judged.isNew) return refused("stale");
        this.trust.accept(judged);
        return { kind, roster: judged.roster };
      }
    }
  }

  #openWelcome(sealed: Uint8Array, recipient: Recipient): Opened {
    const judged = this.trust.judge(recipient.roomId, rosterOfWelcome(sealed));
    if (judged.kind === "refused") return judged;
    const signedBy = judged.roster.distributor.signatureKey;
    const welcome = openWelcome(sealed, { ...recipient, key: this.#key, signedBy });
    if (welcome === null) return refused("authentication");
    const { current, spoken, pairwiseKey } = welcome;
    // The same generation once more, from who deals now: its pairwise key counts from now on.
    if (current.generation < this.#generation || (current.generation === this.#generation && !judged.isNew)) {
      return refused("stale");
    }
    this.trust.accept(judged);
    this.#pairwiseKey = pairwiseKey;
    this.#generation = current.generation;
    return {
      kind: "secret",
      ...current,
      spoken: spoken.generation === current.generation ? null : spoken,
    };
  }

  #openRekey(sealed: Uint8Array): Opened {
    if (this.#pairwiseKey === undefined) return refused("no-welcome");
    const rekey = openRekey(sealed, this.#pairwiseKey);
    if (rekey === null) return refused("authentication");
    if (rekey.generation <= this.#generation) return refused("stale");
    this.#generation = rekey.generation;
    return { kind: "secret", ...rekey, spoken: null };
  }
}

function refused(cause: SealedRefusalCause): Opened {
  return { kind: "refused", cause };
}
