import type { Clock } from "../util/clock.ts";
import type { Histogram } from "../util/histogram.ts";
import { frameMs } from "../util/opus-frame.ts";

export type Paced = {
  /** When its frame 0 is due, on the monotonic clock. Speakers of one room each have a phase of their own. */
  readonly frameZeroDueMs: number;
  /** Does what is due for a frame. Called for each frame in order; skipped frames were never due. */
  tick(frame: number): void;
};

type Entry = { readonly paced: Paced; frame: number };

/** A timer may fire this much late without harm; the rest is waited for in place. */
const timerSlackMs = 1.2;
/** Timers count whole milliseconds: what is nearer is waited for in place too. */
const shortestTimerMs = 1;

/**
 * Calls every speaker's tick when its next frame is due: a timer to shortly
 * before, and `Atomics.wait` for the rest, which blocks this process for about a
 * millisecond at a time. So speakers live in a process of their own. Between any
 * two ticks the event loop turns once, however dense they are.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #lateness: Histogram;
  readonly #entries = new Set<Entry>();
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4));
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

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
      if (this.#entries.delete(entry)) this.#schedule();
    };
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    const next = this.#next();
    if (next === undefined) return;
    const waitMs = dueMs(next) - this.#clock.now() - timerSlackMs;
    const run = (): void => {
      this.#run();
    };
    if (waitMs < shortestTimerMs) this.#immediate = setImmediate(run);
    else this.#timer = setTimeout(run, Math.floor(waitMs));
  }

  #run(): void {
    const next = this.#next();
    if (next !== undefined) {
      const nextMs = dueMs(next);
      const waitMs = nextMs - this.#clock.now();
      // More is left only when the timer fired early.
      if (waitMs < timerSlackMs + shortestTimerMs) {
        if (waitMs > 0) Atomics.wait(this.#sleeper, 0, 0, waitMs);
        this.#lateness.observe(Math.max(0, this.#clock.now() - nextMs) / 1000);
        next.paced.tick(next.frame++);
      }
    }
    this.#schedule();
  }

  /** Whose frame is due first. */
  #next(): Entry | undefined {
    let next: Entry | undefined;
    let nextMs = Infinity;
    for (const entry of this.#entries) {
      const due = dueMs(entry);
      if (due < nextMs) [next, nextMs] = [entry, due];
    }
    return next;
  }
}

function dueMs({ paced, frame }: Entry): number {
  return paced.frameZeroDueMs + frame * frameMs;
}
