import { lowWord } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";

/** A frame this far or farther behind the newest one is refused. */
export const replayWindowCounters = 128;
const slotMask = replayWindowCounters - 1;

function distance(from: Uint64, to: Uint64): number {
  return typeof from === "number" && typeof to === "number" ? to - from : Number(BigInt(to) - BigInt(from));
}

/** Which of the last 128 counters of one key have been seen (after RFC 4303 section 3.4.3). */
export class ReplayWindow {
  /** -1: nothing yet. */
  #highest: Uint64 = -1;
  /** A ring of one bit a counter, at the counter modulo 128. */
  readonly #seen = new Uint32Array(replayWindowCounters / 32);

  /** Whether a frame with this counter may still be taken. Changes nothing. */
  isFresh(ctr: Uint64): boolean {
    if (ctr > this.#highest) return true;
    if (distance(ctr, this.#highest) >= replayWindowCounters) return false;
    const slot = lowWord(ctr) & slotMask;
    return ((this.#seen[slot >>> 5] ?? 0) & (1 << (slot & 31))) === 0;
  }

  /** Marks a fresh counter as seen; to be called only once its frame has authenticated. */
  accept(ctr: Uint64): void {
    if (ctr > this.#highest) {
      const advance = distance(this.#highest, ctr);
      if (advance >= replayWindowCounters) {
        this.#seen.fill(0);
      } else {
        const slot = lowWord(ctr);
        for (let back = 0; back < advance; back++) this.#clear((slot - back) & slotMask);
      }
      this.#highest = ctr;
    }
    const slot = lowWord(ctr) & slotMask;
    this.#seen[slot >>> 5] = (this.#seen[slot >>> 5] ?? 0) | (1 << (slot & 31));
  }

  #clear(slot: number): void {
    this.#seen[slot >>> 5] = (this.#seen[slot >>> 5] ?? 0) & ~(1 << (slot & 31));
  }
}
