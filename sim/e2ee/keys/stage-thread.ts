import { Worker } from "node:worker_threads";

import { systemClock } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import type { FromThread, ToThread } from "./_stage-messages.ts";
import type { StageEffects, StageKeysOptions, StageTask } from "./stage-keys.ts";

type Pending = { resolve(message: FromThread): void; reject(error: E2eeError): void };
type Request = ToThread extends infer Message
  ? Message extends ToThread
    ? Omit<Message, "place" | "request">
    : never
  : never;

/**
 * A thread for the keys of all of this process who are on the stage: 5,000 wraps, or a commit to
 * the group at 10 ms each, do not hold up a process that paces packets.
 */
export class StageThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #places = 0;
  #requests = 0;
  #failure: E2eeError | undefined;

  constructor() {
    this.#worker = new Worker(new URL("./stage-worker.ts", import.meta.url), { name: "stage-keys" });
    this.#worker.on("message", (message: FromThread) => {
      this.#pending.get(message.request)?.resolve(message);
      this.#pending.delete(message.request);
    });
    this.#worker.on("error", (cause) => {
      this.#fail(new E2eeError("distributor-failed", "the thread of the stage's keys broke down", { cause }));
    });
    this.#worker.on("exit", () => {
      this.#fail(new E2eeError("distributor-closed", "the thread of the stage's keys is closed"));
    });
  }

  /** The keys of one more; rejects with an {@link E2eeError} when the thread does not run. */
  async open(): Promise<StagePlace> {
    const place = this.#places++;
    const ask = (request: Request): Promise<FromThread> => this.#ask(place, request);
    const opened = await ask({ kind: "open" });
    if (opened.kind !== "opened") throw new E2eeError("distributor-failed", "no place for the stage's keys");
    return new StagePlace(opened.publicKey, ask);
  }

  /** Ends the thread; what is still waiting is rejected. May be called twice. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #ask(place: number, body: Request): Promise<FromThread> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const request = this.#requests++;
    const { promise, resolve, reject } = Promise.withResolvers<FromThread>();
    this.#pending.set(request, { resolve, reject });
    this.#worker.postMessage({ ...body, place, request });
    return promise;
  }

  #fail(failure: E2eeError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

/** The keys of one on the stage, in the thread. Tasks are done in the order they are given; made by {@link StageThread.open}. */
export class StagePlace {
  /** X25519, raw, 32 bytes: for the join. */
  readonly publicKey: Uint8Array;
  /** CPU time that these keys have taken, as of the last task. */
  cpuSeconds = 0;
  readonly #ask: (request: Request) => Promise<FromThread>;

  constructor(publicKey: Uint8Array, ask: (request: Request) => Promise<FromThread>) {
    this.publicKey = publicKey;
    this.#ask = ask;
  }

  begin(options: StageKeysOptions, nowMs: MonotonicMs = systemClock.now()): Promise<StageEffects> {
    return this.#effects({ kind: "begin", options, nowMs });
  }

  perform(task: StageTask, nowMs: MonotonicMs = systemClock.now()): Promise<StageEffects> {
    return this.#effects({ kind: "perform", task, nowMs });
  }

  async close(): Promise<void> {
    await this.#ask({ kind: "close" }).catch(() => undefined);
  }

  async #effects(request: Request): Promise<StageEffects> {
    const message = await this.#ask(request);
    this.cpuSeconds = message.cpuSeconds;
    if (message.kind === "effects") return message.effects;
    const what = message.kind === "failed" ? message.message : message.kind;
    throw new E2eeError("distributor-failed", `the stage's keys failed: ${what}`);
  }
}
