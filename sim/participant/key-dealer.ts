import { createDistributorThread, type DistributorThread } from "../e2ee/keys/distributor-thread.ts";
import { maxRelayRecipients, type Member } from "../protocol/signalling.ts";
import { fromBase64Url } from "../util/bytes.ts";
import { systemClock } from "../util/clock.ts";
import type { TargetSession } from "./target.ts";

/** Joins are collected for so long before their keys are dealt together. */
const welcomeBatchMs = 20;

export type KeyDealerOptions = {
  roomId: string;
  rekeyWindowMs: number;
  /** A new secret is known here; the host speaks under it a little later. */
  onSecret(generation: number, secret: Uint8Array): void;
  onError(error: unknown): void;
};

/**
 * The host's side of the keys: seals the room's secret to everyone who joins and
 * deals a fresh one after leaves, batched over a window. The cryptography runs in
 * a thread of its own, away from the thread that paces packets.
 */
export class KeyDealer {
  readonly #thread: DistributorThread;
  readonly #options: KeyDealerOptions;
  #session: TargetSession | undefined;
  #joining: { participantId: string; publicKey: Uint8Array }[] = [];
  #joinTimer: NodeJS.Timeout | undefined;
  #rekeyTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  rekeys = 0;
  sealed = 0;

  private constructor(thread: DistributorThread, options: KeyDealerOptions) {
    this.#thread = thread;
    this.#options = options;
  }

  static async create(options: KeyDealerOptions): Promise<KeyDealer> {
    const thread = await createDistributorThread({
      roomId: options.roomId,
      rekeyWindowMs: options.rekeyWindowMs,
    });
    const dealer = new KeyDealer(thread, options);
    try {
      await dealer.#tellSecret();
    } catch (error) {
      await dealer.close();
      throw error;
    }
    return dealer;
  }

  /** CPU time of the thread so far. */
  get cpuSeconds(): number {
    return this.#thread.cpuSeconds;
  }

  /** Deals to those who are there already, and from now on to those who come. */
  begin(session: TargetSession): void {
    this.#session = session;
    for (const member of [...session.stage, ...session.audience]) {
      if (member.participantId !== session.participantId) this.joined(member);
    }
  }

  joined(member: Member): void {
    if (member.publicKey === null || this.#closed) return;
    this.#joining.push({ participantId: member.participantId, publicKey: fromBase64Url(member.publicKey) });
    this.#joinTimer ??= setTimeout(() => {
      this.#joinTimer = undefined;
      const members = this.#joining;
      this.#joining = [];
      this.#enqueue(async () => {
        await this.#relay(await this.#thread.welcome(members));
      });
    }, welcomeBatchMs);
  }

  left(participantId: string): void {
    if (this.#closed) return;
    this.#joining = this.#joining.filter((member) => member.participantId !== participantId);
    this.#enqueue(async () => {
      await this.#thread.remove(participantId);
      const dueAt = this.#thread.rekeyDueAt;
      if (dueAt !== null && !this.#closed) this.#rekeyTimer ??= this.#rekeyIn(dueAt - systemClock.now());
    });
  }

  #rekeyIn(ms: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        this.#rekeyTimer = undefined;
        this.#enqueue(async () => {
          await this.#relay((await this.#thread.rekey()).messages);
          this.rekeys++;
          await this.#tellSecret();
        });
      },
      Math.max(1, ms),
    );
  }

  async #tellSecret(): Promise<void> {
    const { generation, secret } = await this.#thread.current();
    this.#options.onSecret(generation, secret);
  }

  /** No more keys are dealt: the room closes. Resolves once the thread has ended; may be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#joinTimer);
    clearTimeout(this.#rekeyTimer);
    await this.#work;
    await this.#thread.close();
  }

  /** One thing after the other: a leave must not overtake the join it follows. */
  #enqueue(task: () => Promise<void>): void {
    this.#work = this.#work
      .then(async () => {
        if (this.#closed) return;
        await task();
      })
      .catch((error: unknown) => {
        if (!this.#closed) this.#options.onError(error);
      });
  }

  async #relay(messages: { to: string; sealed: Uint8Array }[]): Promise<void> {
    for (let from = 0; from < messages.length; from += maxRelayRecipients) {
      await this.#session?.relay(messages.slice(from, from + maxRelayRecipients));
    }
    this.sealed += messages.length;
  }
}
