import { sameBytes } from "../_bytes.ts";
import { noSignatureKey, readRoster } from "./roster.ts";
import type { Roster, RosterEntry } from "./roster.ts";

export type Judged =
  | {
      readonly kind: "trusted";
      readonly roster: Roster;
      readonly isNew: boolean;
      readonly isVouched: boolean;
    }
  | { readonly kind: "refused"; readonly cause: "authentication" | "stale" | "untrusted" };

/** What the signed roster and the server's word of the stage do not agree on. */
export type Differences = {
  /** Keys are dealt to them on the stage, and the server has not told us of them. */
  readonly unannounced: readonly string[];
  /** The server shows them on the stage, and the distributor does not know them. */
  readonly unsigned: readonly string[];
};

/**
 * Whose roster a member believes. The first is believed as it comes, and with it the signature keys
 * of the stage: that they are the true ones only people can tell, by the safety number. From then on
 * a roster must be signed by a key of the last one. Where nobody of that one is left on the stage, as
 * far as we were told, another is believed again, and counted.
 */
export class RosterTrust {
  /** The seat of each on the stage: who leaves and comes back has another. */
  readonly #onStage = new Map<string, number>();
  readonly #readRoster: typeof readRoster;
  #roster: Roster | undefined;
  /** Distributors believed without the word of the one before. */
  unvouched = 0;

  /** `read`: another way to the same answer, for a process that has many members. */
  constructor(read: typeof readRoster = readRoster) {
    this.#readRoster = read;
  }

  get roster(): Roster | undefined {
    return this.#roster;
  }

  /** The server says that somebody is on the stage. */
  stageMember(participantId: string, seat: number): void {
    this.#onStage.set(participantId, seat);
  }

  /** The server says that somebody is not on the stage any more. */
  stageMemberLeft(participantId: string): void {
    this.#onStage.delete(participantId);
  }

  /** Changes nothing; {@link accept} does. */
  judge(roomId: string, message: Uint8Array): Judged {
    const roster = this.#readRoster(roomId, message);
    if (roster === null) return { kind: "refused", cause: "authentication" };
    const known = this.#roster;
    if (known === undefined) return { kind: "trusted", roster, isNew: true, isVouched: true };
    if (roster.sequence <= known.sequence) {
      // Come once more with a welcome: it says nothing new, and its distributor may be one of the past.
      if (roster.sequence < known.sequence) return { kind: "refused", cause: "stale" };
      const isSame = sameBytes(roster.distributor.signatureKey, known.distributor.signatureKey);
      return isSame
        ? { kind: "trusted", roster: known, isNew: false, isVouched: true }
        : { kind: "refused", cause: "untrusted" };
    }
    const { signatureKey } = roster.distributor;
    const isVouched =
      !sameBytes(signatureKey, noSignatureKey) &&
      known.stage.some((entry) => sameBytes(entry.signatureKey, signatureKey));
    if (!isVouched && known.stage.some((entry) => this.#isOnStage(entry))) {
      return { kind: "refused", cause: "untrusted" };
    }
    return { kind: "trusted", roster, isNew: true, isVouched };
  }

  accept({ roster, isNew, isVouched }: Extract<Judged, { kind: "trusted" }>): void {
    if (!isNew) return;
    this.#roster = roster;
    if (!isVouched) this.unvouched++;
  }

  /** Null before there is a roster. Who has just come or gone may differ for as long as messages take. */
  differences(): Differences | null {
    if (this.#roster === undefined) return null;
    const { stage } = this.#roster;
    const signed = new Map(stage.map(({ participantId, seat }) => [participantId, seat]));
    return {
      unannounced: stage.filter((entry) => !this.#isOnStage(entry)).map(({ participantId }) => participantId),
      unsigned: [...this.#onStage].flatMap(([id, seat]) => (signed.get(id) === seat ? [] : [id])),
    };
  }

  #isOnStage({ participantId, seat }: RosterEntry): boolean {
    return this.#onStage.get(participantId) === seat;
  }
}
