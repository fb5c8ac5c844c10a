/** One moment on both clocks: what the output played then, and when that was. */
export type Reading = { readonly contextSeconds: number; readonly unixMs: number };

/** So many readings are held against each other. */
const most = 20;
/** Each process knows the wall clock by what it showed at its own start: to within a tick of Date.now(). */
const wallClocksMs = 1;

/**
 * From an audio context's time to the wall clock's. Single readings of the output jump by milliseconds, since it
 * takes sound in blocks: the median of the last ones counts, and half of what four fifths of them spread over is the doubt.
 */
export class OutputClock {
  #offsetsMs: number[] = [];

  read({ contextSeconds, unixMs }: Reading): void {
    this.#offsetsMs = [...this.#offsetsMs.slice(1 - most), unixMs - 1000 * contextSeconds];
  }

  /** Undefined before the first reading. */
  unixMsOf(contextSeconds: number): { atUnixMs: number; uncertaintyMs: number } | undefined {
    const offsets = this.#offsetsMs.toSorted((one, other) => one - other);
    const at = (share: number): number => offsets[Math.round(share * (offsets.length - 1))] ?? 0;
    if (offsets.length === 0) return undefined;
    return {
      atUnixMs: 1000 * contextSeconds + at(0.5),
      uncertaintyMs: wallClocksMs + (at(0.9) - at(0.1)) / 2,
    };
  }
}
