import { FrameRing, popCount, type SentStream } from "./sent-ledger.ts";

type Window = { fromMs: number; toMs: number };

/**
 * One stream at one listener: which frames came, and, held against what the
 * speaker sent, which were expected and did not. A frame is expected when it was
 * due inside a window: while the listener was connected and subscribed and the
 * stream not paused. Instants are on the monotonic clock, in ms; frames are told
 * apart by number alone, so that an arrival and its settling agree on every edge.
 */
export class StreamObserver {
  readonly #received = new FrameRing();
  /** In order; only the last may be open, with `toMs` infinite. */
  #windows: Window[] = [];
  /** Frames before this one are settled. */
  #settledBefore = 0;
  #fromMs = -Infinity;

  /** Frames due from this instant on are expected; of a window that is open, the earlier beginning holds. */
  open(fromMs: number): void {
    const last = this.#last;
    if (last?.toMs === Infinity) last.fromMs = Math.min(last.fromMs, fromMs);
    else this.#windows.push({ fromMs, toMs: Infinity });
  }

  /** Frames due from this instant on are not expected. No effect when nothing is open. */
  close(atMs: number): void {
    const last = this.#last;
    if (last?.toMs === Infinity) last.toMs = Math.max(last.fromMs, atMs);
  }

  /** Frames due before this instant are not expected, whatever the windows. */
  expectFrom(atMs: number): void {
    this.#fromMs = atMs;
  }

  get #last(): Window | undefined {
    return this.#windows[this.#windows.length - 1];
  }

  /** Whether a frame that arrives now counts as heard; no more once it was settled, and so counted as lost. */
  isExpected(sent: SentStream, frame: number): boolean {
    if (frame < this.#settledBefore) return false;
    for (const { fromMs, toMs } of this.#windows) {
      if (frame >= sent.frameAt(Math.max(fromMs, this.#fromMs)) && frame < sent.frameAt(toMs)) return true;
    }
    return false;
  }

  /** Notes an arrival; false for a duplicate, or one older than the ring reaches. */
  arrive(frame: number): boolean {
    return this.#received.set(frame);
  }

  /** Settles all frames due before an instant that are not settled yet, and adds up into `into`. */
  settle(sent: SentStream, beforeMs: number, into: { expected: number; lost: number }): void {
    const before = sent.frameAt(beforeMs);
    for (const { fromMs, toMs } of this.#windows) {
      const from = Math.max(
        this.#settledBefore,
        sent.firstFrame,
        sent.frameAt(Math.max(fromMs, this.#fromMs)),
      );
      this.#settleFrames(sent, from, Math.min(before, sent.frameAt(toMs)), into);
    }
    this.#settledBefore = Math.max(this.#settledBefore, before);
    if (this.#windows.length > 1) this.#windows = this.#windows.filter(({ toMs }) => toMs > beforeMs);
  }

  #settleFrames(sent: SentStream, from: number, end: number, into: { expected: number; lost: number }): void {
    if (end <= from) return;
    for (let word = from >>> 5; word <= (end - 1) >>> 5; word++) {
      const first = word << 5;
      let mask = -1;
      if (first < from) mask &= -1 << (from - first);
      if (first + 32 > end) mask &= -1 >>> (first + 32 - end);
      const expected = sent.sent.word(word) & mask;
      if (expected === 0) continue;
      into.expected += popCount(expected);
      into.lost += popCount(expected & ~this.#received.word(word));
    }
  }
}
