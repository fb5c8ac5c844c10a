import { generationAt } from "../e2ee/keys/kid.ts";
import type { StageEffects, StageMember, StageStatus, StageTask } from "../e2ee/keys/stage-keys.ts";
import type { StagePlace } from "../e2ee/keys/stage-thread.ts";
import { maxRelayRecipients, type Member } from "../protocol/signalling.ts";
import { fromBase64Url } from "../util/bytes.ts";
import { systemClock, systemWallClock } from "../util/clock.ts";
import { takeStageThread, type SharedThread } from "./_stage-thread.ts";
import type { TargetSession } from "./target.ts";

/** So many bytes of sealed messages go in one request, that it stays below what the server takes. */
const maxRelayedBytes = 32 * 1024;

export type KeyDealerOptions = {
  rekeyWindowMs: number;
  /** A new secret is known here. `isStep`: it is spoken under at once; else a little later. */
  onSecret(generation: number, secret: Uint8Array, isStep: boolean): void;
  onError(error: unknown): void;
};

/**
 * The keys of somebody on the stage: takes part in the stage's group, and deals to everybody when its turn
 * comes. The cryptography runs in a thread of its own, away from the thread that paces packets.
 */
export class KeyDealer {
  readonly #shared: SharedThread;
  readonly #place: StagePlace;
  readonly #options: KeyDealerOptions;
  #session: TargetSession | undefined;
  /** What happens before we are in the room ourselves. */
  #early: StageTask[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  /** Whom we ever dealt to: to be held against who is known to have been there. */
  readonly everDealtTo = new Set<string>();
  /** Undefined before {@link begin} is done. */
  status: StageStatus | undefined;
  rekeys = 0;
  sealed = 0;

  private constructor(shared: SharedThread, place: StagePlace, options: KeyDealerOptions) {
    this.#shared = shared;
    this.#place = place;
    this.#options = options;
  }

  /** Before the join, which takes the public key. */
  static async create(options: KeyDealerOptions): Promise<KeyDealer> {
    const shared = takeStageThread();
    try {
      return new KeyDealer(shared, await shared.thread.open(), options);
    } catch (error) {
      await shared.release();
      throw error;
    }
  }

  /** X25519, raw. */
  get publicKey(): Uint8Array {
    return this.#place.publicKey;
  }

  /** CPU time that the thread has spent on these keys so far. */
  get cpuSeconds(): number {
    return this.#place.cpuSeconds;
  }

  /** We are in the room, with those who are there already. */
  begin(session: TargetSession): void {
    this.#session = session;
    const { participantId, roomId, seat, stage, audience } = session;
    const isSelf = (member: Member): boolean => member.participantId === participantId;
    const others = [...stage, ...audience].filter((member) => !isSelf(member)).map(stageMember);
    const isHost = stage.find(isSelf)?.role === "host";
    const self = { participantId, seat: seat ?? 0, isHost, publicKey: this.publicKey };
    const unknownGeneration = generationAt(systemWallClock.nowUnixMs());
    const { rekeyWindowMs } = this.#options;
    this.#enqueue(() => this.#place.begin({ roomId, rekeyWindowMs, self, others, unknownGeneration }));
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const task of early) this.#perform(task);
  }

  joined(member: Member): void {
    this.#perform({ kind: "here", member: stageMember(member) });
  }

  /** Another role or seat, perhaps our own. */
  changed(member: Member): void {
    this.#perform({ kind: "changed", member: stageMember(member) });
  }

  left(participantId: string): void {
    this.#perform({ kind: "left", participantId });
  }

  open(from: string, sealed: Uint8Array): void {
    this.#perform({ kind: "sealed", from, sealed });
  }

  /** No more keys are dealt: the room closes, or we leave. Resolves once all is ended; may be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#work;
    await this.#place.close();
    await this.#shared.release();
  }

  #perform(task: StageTask): void {
    if (this.#early === undefined) this.#enqueue(() => this.#place.perform(task));
    else this.#early.push(task);
  }

  /** One thing after the other: a leave must not overtake the join it follows. */
  #enqueue(ask: () => Promise<StageEffects>): void {
    if (this.#closed) return;
    this.#work = this.#work
      .then(async () => {
        if (!this.#closed) await this.#apply(await ask());
      })
      .catch((error: unknown) => {
        if (!this.#closed) this.#options.onError(error);
      });
  }

  async #apply({ messages, secrets, newlyDealtTo, status }: StageEffects): Promise<void> {
    this.status = status;
    for (const participantId of newlyDealtTo) this.everDealtTo.add(participantId);
    this.rekeys = status.rekeys;
    for (const { generation, secret, isStep } of secrets) this.#options.onSecret(generation, secret, isStep);
    this.#dueLater();
    await this.#relay(messages);
  }

  #dueLater(): void {
    clearTimeout(this.#timer);
    const dueAt = this.status?.dueAt ?? null;
    if (dueAt === null || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#perform({ kind: "due" });
      },
      Math.max(1, dueAt - systemClock.now()),
    );
  }

  async #relay(messages: StageEffects["messages"]): Promise<void> {
    for (let from = 0; from < messages.length;) {
      let [to, bytes] = [from, 0];
      while (to < messages.length && to - from < maxRelayRecipients) {
        bytes += messages[to]?.sealed.length ?? 0;
        if (to > from && bytes > maxRelayedBytes) break;
        to++;
      }
      await this.#session?.relay(messages.slice(from, to));
      from = to;
    }
    this.sealed += messages.length;
  }
}

function stageMember({ participantId, seat, role, publicKey }: Member): StageMember {
  return {
    participantId,
    seat,
    isHost: role === "host",
    publicKey: publicKey === null ? null : fromBase64Url(publicKey),
  };
}
