import type { Clock, MonotonicMs } from "../util/clock.ts";
import { toSessionError, type SessionError } from "./errors.ts";

/** Between two attempts. */
const retryMs = 250;

type MediaRestartOptions = {
  /** All attempts after one loss together. */
  timeoutMs: number;
  /** Makes media anew; its work is in vain once the signal is aborted. */
  attempt(signal: AbortSignal): Promise<void>;
  clock: Clock;
  /** Media is back, so many ms after the first word of its loss. */
  onRestarted(tookMs: number): void;
  /** Media did not come back in time, for this reason in the end. */
  onFailed(error: SessionError): void;
};

/** Brings media back that the system under test has lost, trying again until it is there or time is over. */
export class MediaRestart {
  readonly #options: MediaRestartOptions;
  #present: AbortController | undefined;
  /** One way back at a time. */
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  #lostAt: MonotonicMs | undefined;
  /** So often was media lost and is back. */
  count = 0;

  constructor(options: MediaRestartOptions) {
    this.#options = options;
  }

  /** Media is lost; where it was on its way back, that way has ended too. */
  begin(): void {
    this.#present?.abort();
    if (this.#closed) return;
    this.#lostAt ??= this.#options.clock.now();
    const superseded = new AbortController();
    this.#present = superseded;
    this.#work = this.#work.then(() => this.#run(superseded.signal));
  }

  close(): void {
    this.#closed = true;
    this.#present?.abort();
  }

  #restarted(): void {
    this.count++;
    const { clock, onRestarted } = this.#options;
    if (this.#lostAt !== undefined) onRestarted(clock.now() - this.#lostAt);
    this.#lostAt = undefined;
  }

  async #run(superseded: AbortSignal): Promise<void> {
    if (superseded.aborted) return;
    const deadline = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = AbortSignal.any([superseded, deadline]);
    for (;;) {
      try {
        await this.#options.attempt(signal);
        if (!superseded.aborted) this.#restarted();
        return;
      } catch (error) {
        if (superseded.aborted) return;
        if (deadline.aborted) {
          this.#options.onFailed(toSessionError(error));
          return;
        }
      }
      await pause(retryMs, signal);
      if (superseded.aborted) return;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
