import { KeyMember } from "../e2ee/keys/key-member.ts";
import { kidOf } from "../e2ee/keys/kid.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import type { SuiteName } from "../e2ee/sframe/suites.ts";
import type { Member } from "../protocol/signalling.ts";
import type { StreamKey } from "./listener-engine.ts";

/** Old generations serve frames still on their way, for this long after a newer one came. */
export const oldKeyLifetimeMs = 10_000;

/**
 * A receiver's keys: opens what the host seals to it, knows the stage, and gives
 * a key for each pairing of a generation and a speaker.
 */
export class ReceiverKeys {
  readonly #member: KeyMember;
  readonly #suite: SuiteName;
  readonly #onKey: (key: StreamKey) => void;
  readonly #onOldGenerations: (belowGeneration: number) => void;
  readonly #secrets = new Map<number, Uint8Array>();
  readonly #stage = new Map<string, number>();
  /** Messages that came before our own id was known. */
  #early: Uint8Array[] | undefined = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  refused = 0;

  constructor(options: {
    suite: SuiteName;
    onKey(key: StreamKey): void;
    /** Keys of generations below this one have served their time. */
    onOldGenerations(belowGeneration: number): void;
  }) {
    this.#member = new KeyMember();
    this.#suite = options.suite;
    this.#onKey = options.onKey;
    this.#onOldGenerations = options.onOldGenerations;
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

  stageMember({ participantId, seat }: Member): void {
    if (seat === null || this.#stage.has(participantId)) return;
    this.#stage.set(participantId, seat);
    for (const [generation, secret] of this.#secrets) this.#give(generation, secret, participantId, seat);
  }

  stageMemberLeft(participantId: string): void {
    this.#stage.delete(participantId);
  }

  open(sealed: Uint8Array): void {
    if (this.#early !== undefined) {
      this.#early.push(sealed);
      return;
    }
    const opened = this.#member.open(sealed);
    if (opened.kind === "refused") {
      this.refused++;
      return;
    }
    const { generation, secret } = opened;
    this.#secrets.set(generation, secret);
    for (const [participantId, seat] of this.#stage) this.#give(generation, secret, participantId, seat);
    this.#forgetLater(generation);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#secrets.clear();
  }

  #forgetLater(newest: number): void {
    if (this.#secrets.size === 1) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const generation of this.#secrets.keys()) if (generation < newest) this.#secrets.delete(generation);
      this.#onOldGenerations(newest);
    }, oldKeyLifetimeMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #give(generation: number, secret: Uint8Array, participantId: string, seat: number): void {
    const kid = kidOf(generation, seat);
    this.#onKey({ participantId, kid, baseKey: speakerBaseKey({ secret, participantId, kid, suite: this.#suite }) });
  }
}
