import { Worker } from "node:worker_threads";

import { systemClock } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import { unpackMessages } from "./_distributor-messages.ts";
import type { Batch, DistributorStatus, Task, TaskResult } from "./_distributor-messages.ts";
import type {
  KeyDistributorOptions,
  NewMember,
  Rekeyed,
  RoomSecret,
  SealedMessage,
} from "./key-distributor.ts";

type Pending = {
  readonly task: Task;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: E2eeError) => void;
};

/** A key distributor in a thread of its own, so that 5,000 wraps do not hold up a process that paces packets. */
export async function createDistributorThread(options: KeyDistributorOptions): Promise<DistributorThread> {
  const worker = new Worker(new URL("./distributor-worker.ts", import.meta.url), {
    workerData: options,
    name: "key-distributor",
  });
  const ready = Promise.withResolvers<Batch>();
  worker.once("message", ready.resolve);
  worker.once("error", ready.reject);
  try {
    return new DistributorThread(worker, await ready.promise);
  } catch (cause) {
    await worker.terminate();
    throw new E2eeError("distributor-failed", "the key distributor's thread did not start", { cause });
  } finally {
    worker.off("message", ready.resolve);
    worker.off("error", ready.reject);
  }
}

/**
 * Made by {@link createDistributorThread}. Tasks are done in the order they were
 * given; those given while the thread is at work go to it together, as one batch.
 */
export class DistributorThread implements AsyncDisposable {
  readonly #worker: Worker;
  #status: DistributorStatus;
  #queue: Pending[] = [];
  #inFlight: Pending[] = [];
  #isFlushScheduled = false;
  #failure: E2eeError | undefined;

  constructor(worker: Worker, started: Batch) {
    this.#worker = worker;
    this.#status = started.status;
    worker.on("message", (batch: Batch) => {
      this.#finish(batch);
    });
    worker.on("error", (cause) => {
      this.#fail(new E2eeError("distributor-failed", "the key distributor's thread broke down", { cause }));
    });
    worker.on("exit", () => {
      this.#fail(new E2eeError("distributor-closed", "the key distributor's thread is closed"));
    });
  }

  /** When a rekey is due, as of the last finished task; null: no need. */
  get rekeyDueAt(): MonotonicMs | null {
    return this.#status.rekeyDueAt;
  }

  /** CPU time that the thread has spent on its tasks, as of the last finished one. */
  get cpuSeconds(): number {
    return this.#status.cpuSeconds;
  }

  /** How many members were given nothing, as their public key is of no use. */
  get badPublicKeys(): number {
    return this.#status.badPublicKeys;
  }

  /** The secret that the distributor itself speaks and listens under, once all tasks given so far are done. */
  async current(): Promise<RoomSecret> {
    return (await this.#enqueue({ kind: "current" })).current;
  }

  /** Seals the present secret to each of the members, but for those whose public key is of no use. */
  async welcome(members: readonly NewMember[]): Promise<SealedMessage[]> {
    return unpackMessages((await this.#enqueue({ kind: "welcome", members })).messages);
  }

  /** The instant, by default the present one, is when the window opens that {@link rekeyDueAt} closes. */
  async remove(participantId: string, nowMs: MonotonicMs = systemClock.now()): Promise<void> {
    await this.#enqueue({ kind: "remove", participantId, nowMs });
  }

  /** Draws a fresh secret for all present members. */
  async rekey(): Promise<Rekeyed> {
    const { current, messages } = await this.#enqueue({ kind: "rekey" });
    return { ...current, messages: unpackMessages(messages) };
  }

  /** Ends the thread; what is still waiting is rejected. May be called twice. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #enqueue(task: Task): Promise<TaskResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
    this.#queue.push({ task, resolve, reject });
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      queueMicrotask(() => {
        this.#isFlushScheduled = false;
        this.#flush();
      });
    }
    return promise;
  }

  #flush(): void {
    if (this.#inFlight.length > 0 || this.#queue.length === 0) return;
    this.#inFlight = this.#queue;
    this.#queue = [];
    this.#worker.postMessage(this.#inFlight.map(({ task }) => task));
  }

  #finish({ results, status }: Batch): void {
    const finished = this.#inFlight;
    this.#inFlight = [];
    this.#status = status;
    finished.forEach(({ resolve }, index) => {
      const result = results[index];
      if (result !== undefined) resolve(result);
    });
    this.#flush();
  }

  #fail(failure: E2eeError): void {
    this.#failure ??= failure;
    const waiting = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#queue = [];
    for (const { reject } of waiting) reject(this.#failure);
  }
}
