import { KeyMember } from "../e2ee/keys/key-member.ts";
import type { SealedRefusalCause } from "../e2ee/keys/key-member.ts";
import type { RoomSecret } from "../e2ee/keys/room-message.ts";
import { RosterTrust } from "../e2ee/keys/roster-trust.ts";
import { sharedReadRoster } from "./_shared-derivations.ts";

/** Opens what the distributor seals to one participant; messages that come before our own id is known wait for it. */
export class SecretReceiver {
  readonly #member = new KeyMember(new RosterTrust(sharedReadRoster));
  readonly #onSecret: (newest: RoomSecret, spoken: RoomSecret | null) => void;
  #early: Uint8Array[] | undefined = [];
  /** Sealed messages refused: garbled, forged, rolled back, or not for us. */
  readonly refusedBy: Partial<Record<SealedRefusalCause, number>> = {};

  /** `spoken`: what is spoken under still, until speakers change over to the newest; null: that is the newest. */
  constructor(onSecret: (newest: RoomSecret, spoken: RoomSecret | null) => void) {
    this.#onSecret = onSecret;
  }

  get publicKey(): Uint8Array {
    return this.#member.publicKey;
  }

  /** To be told of the stage as the server tells it. */
  get trust(): RosterTrust {
    return this.#member.trust;
  }

  get refused(): number {
    return Object.values(this.refusedBy).reduce((sum, count) => sum + count, 0);
  }

  joined(roomId: string, participantId: string): void {
    this.#member.joined({ roomId, participantId });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const sealed of early) this.open(sealed);
  }

  open(sealed: Uint8Array): void {
    if (this.#early !== undefined) {
      this.#early.push(sealed);
      return;
    }
    const opened = this.#member.open(sealed);
    if (opened.kind === "secret") {
      const { generation, secret, spoken } = opened;
      this.#onSecret({ generation, secret }, spoken);
    } else if (opened.kind === "refused") {
      this.refusedBy[opened.cause] = (this.refusedBy[opened.cause] ?? 0) + 1;
    }
  }
}
