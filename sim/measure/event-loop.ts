import { systemClock, type Clock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";

const periodMs = 20;

/**
 * How long this process's event loop is held up: a timer is due every 20 ms, and
 * what it is late by is observed, in seconds. A hold-up that swallows several
 * periods is observed once for each of them, shorter by a period each time, as
 * all work that was due meanwhile waited (HdrHistogram's correction for coordinated omission).
 */
export class EventLoopMonitor {
  readonly delay = new Histogram();
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  start(): void {
    this.#dueMs = this.#clock.now() + periodMs;
    this.#timer = setInterval(() => {
      this.tick(this.#clock.now());
    }, periodMs);
    this.#timer.unref();
  }

  /** One firing of the timer, at an instant on the monotonic clock. */
  tick(nowMs: number): void {
    for (let lateMs = nowMs - this.#dueMs; ; lateMs -= periodMs) {
      this.delay.observe(Math.max(0, lateMs) / 1000);
      if (lateMs < periodMs) break;
    }
    this.#dueMs = nowMs + periodMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
