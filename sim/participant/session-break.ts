import type { SessionError } from "./errors.ts";

/** A server that lets somebody go ends their media too, and says why a moment later. */
const reasonGraceMs = 250;

/** What ends a session that we did not end: while it is joined, the attempt; afterwards it is told, once. */
export class SessionBreak {
  readonly #ended = new AbortController();
  #error: SessionError | undefined;
  #onBroken: ((error: SessionError) => void) | undefined;
  #mediaTimer: NodeJS.Timeout | undefined;
  #away = false;
  #mediaLostMeanwhile = false;

  /** The first break counts; later ones follow from it. */
  readonly break = (error: SessionError): void => {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#ended.abort();
    this.#onBroken?.(error);
  };

  /** Media was lost: breaks the session, unless signalling says meanwhile what it was. */
  readonly mediaLost = (error: SessionError): void => {
    if (this.#away) {
      this.#mediaLostMeanwhile = true;
      return;
    }
    this.#mediaTimer ??= setTimeout(() => {
      this.break(error);
    }, reasonGraceMs).unref();
  };

  /** Signalling says that media comes back. */
  mediaExcused(): void {
    clearTimeout(this.#mediaTimer);
    this.#mediaTimer = undefined;
  }

  /** The signalling is away: media that is lost can be made anew once it is back. */
  away(): void {
    this.#away = true;
    this.#mediaLostMeanwhile = this.#mediaTimer !== undefined;
    this.mediaExcused();
  }

  /** The signalling is back; whether media was lost meanwhile. */
  back(): boolean {
    this.#away = false;
    return this.#mediaLostMeanwhile;
  }

  /** Aborted by the break, or when the time for joining is over. */
  joinSignal(timeoutMs: number): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#ended.signal]);
  }

  /** What broke the attempt; undefined when nothing did. */
  get error(): SessionError | undefined {
    return this.#error;
  }

  /** The session stands: from now on breaks are told. Throws what broke it meanwhile. */
  joined(onBroken: (error: SessionError) => void): void {
    if (this.#error !== undefined) throw this.#error;
    this.#onBroken = onBroken;
  }
}
