import type { Clock } from "../util/clock.ts";
import type { Histogram } from "../util/histogram.ts";
import { frameMs } from "../measure/sent-ledger.ts";

export type Paced = {
  /** When its frame 0 is due, on the monotonic clock. Speakers of one room each have a phase of their own. */
  readonly frameZeroDueMs: number;
  /** Does what is due for a frame. Called for each frame in order; skipped frames were never due. */
  tick(frame: number): void;
};

type Entry = { readonly paced: Paced; frame: number };

/** A timer may fire this much late without harm; the rest is waited for in place. */
const timerSlackMs = 1.2;

/**
 * Calls every speaker's tick when its next frame is due: a timer to shortly
 * before, and `Atomics.wait` for the rest, which blocks this process for about a
 * millisecond at a time. So speakers live in a process of their own.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #lateness: Histogram;
  readonly #entries = new Set<Entry>();
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;

  /** `lateness` observes, in seconds, how long after it was due each tick began. */
  constructor(options: { clock: Clock; lateness: Histogram }) {
    this.#clock = options.clock;
    this.#lateness = options.lateness;
  }

  /** From the given frame on. Answers the function that ends it. */
  start(paced: Paced, firstFrame: number): () => void {
    const entry: Entry = { paced, frame: firstFrame };
    this.#entries.add(entry);
    this.#schedule();
    return () => {
      this.#entries.delete(entry);
      if (this.#entries.size === 0) clearTimeout(this.#timer);
    };
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    let nextMs = Infinity;
    for (const entry of this.#entries) nextMs = Math.min(nextMs, dueMs(entry));
    if (nextMs === Infinity) return;
    const waitMs = nextMs - this.#clock.now() - timerSlackMs;
    this.#timer = setTimeout(
      () => {
        this.#run();
      },
      Math.max(0, Math.floor(waitMs)),
    );
  }

  #run(): void {
    for (;;) {
      let next: Entry | undefined;
      let nextMs = Infinity;
      for (const entry of this.#entries) {
        const due = dueMs(entry);
        if (due < nextMs) [next, nextMs] = [entry, due];
      }
      if (next === undefined) return;
      const waitMs = nextMs - this.#clock.now();
      if (waitMs > timerSlackMs + 1) break;
      if (waitMs > 0) Atomics.wait(this.#sleeper, 0, 0, waitMs);
      this.#lateness.observe(Math.max(0, this.#clock.now() - nextMs) / 1000);
      next.paced.tick(next.frame++);
    }
    this.#schedule();
  }
}

function dueMs({ paced, frame }: Entry): number {
  return paced.frameZeroDueMs + frame * frameMs;
}
