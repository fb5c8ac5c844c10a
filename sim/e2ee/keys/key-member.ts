import { agreementKey } from "#primitives";
import type { WrapKey } from "../primitives/types.ts";
import { openRekey, openWelcome, roomMessageKind } from "./room-message.ts";
import type { Recipient } from "./room-message.ts";

/**
 * Why sealed bytes were refused. `malformed`: no message of ours; `authentication`:
 * garbled, forged, or meant for another member or room; `no-welcome`: a new secret
 * wrapped under a pairwise key that never came; `stale`: of a generation that is
 * not newer than the present one; `not-joined`: our own id is not known yet.
 */
export type SealedRefusalCause = "malformed" | "authentication" | "no-welcome" | "stale" | "not-joined";

export type Opened =
  | { readonly kind: "secret"; readonly generation: number; readonly secret: Uint8Array }
  | { readonly kind: "refused"; readonly cause: SealedRefusalCause };

/** A member's end of the room's keys: its identity, fresh for each join, and what the distributor sealed to it. */
export class KeyMember {
  readonly #key = agreementKey();
  #recipient: Recipient | undefined;
  #pairwiseKey: WrapKey | undefined;
  #generation = -1;

  /** X25519, raw, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  /** Who and where we are, once the room has told. Sealed bytes are bound to both. */
  joined(recipient: Recipient): void {
    this.#recipient = recipient;
  }

  /** Opens what the distributor sealed. Never throws, and nothing that is refused changes anything. */
  open(sealed: Uint8Array): Opened {
    const kind = roomMessageKind(sealed);
    if (kind === null) return refused("malformed");
    if (this.#recipient === undefined) return refused("not-joined");
    return kind === "welcome" ? this.#openWelcome(sealed, this.#recipient) : this.#openRekey(sealed);
  }

  #openWelcome(sealed: Uint8Array, recipient: Recipient): Opened {
    const welcome = openWelcome(sealed, { ...recipient, key: this.#key });
    if (welcome === null) return refused("authentication");
    const { generation, secret, pairwiseKey } = welcome;
    if (generation <= this.#generation) return refused("stale");
    this.#pairwiseKey = pairwiseKey;
    this.#generation = generation;
    return { kind: "secret", generation, secret };
  }

  #openRekey(sealed: Uint8Array): Opened {
    if (this.#pairwiseKey === undefined) return refused("no-welcome");
    const rekey = openRekey(sealed, this.#pairwiseKey);
    if (rekey === null) return refused("authentication");
    if (rekey.generation <= this.#generation) return refused("stale");
    this.#generation = rekey.generation;
    return { kind: "secret", ...rekey };
  }
}

function refused(cause: SealedRefusalCause): Opened {
  return { kind: "refused", cause };
}
