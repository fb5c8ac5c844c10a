import { KeyMember } from "../e2ee/keys/key-member.ts";

/** Opens what the host seals to one participant; messages that come before our own id is known wait for it. */
export class SecretReceiver {
  readonly #member = new KeyMember();
  readonly #onSecret: (generation: number, secret: Uint8Array) => void;
  #early: Uint8Array[] | undefined = [];
  /** Sealed messages refused: garbled, rolled back, or not for us. */
  refused = 0;

  constructor(onSecret: (generation: number, secret: Uint8Array) => void) {
    this.#onSecret = onSecret;
  }

  get publicKey(): Uint8Array {
    return this.#member.publicKey;
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
    if (opened.kind === "secret") this.#onSecret(opened.generation, opened.secret);
    else this.refused++;
  }
}
