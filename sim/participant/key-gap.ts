import type { Histogram } from "../util/histogram.ts";
import { frameMs } from "../util/opus-frame.ts";

/** A longer hole between frames is silence, and what follows another talkspurt, though its first packet was lost. */
const silenceFrames = 10;

/** How much of each talkspurt of one stream came to a listener without a key for it. */
export class KeyGap {
  #keyless = 0;
  /** Frame number of the last arrival in the talkspurt at hand; -1: none is. */
  #last = -1;

  /** A frame that came; in the histogram, in seconds, goes the talkspurt before it, when that is over. */
  arrive(frame: number, marker: boolean, isKeyless: boolean, into: Histogram): void {
    if (marker || frame > this.#last + silenceFrames) this.end(into);
    this.#last = Math.max(this.#last, frame);
    if (isKeyless) this.#keyless++;
  }

  /** Nothing more is heard of the stream. */
  end(into: Histogram): void {
    if (this.#last === -1) return;
    into.observe((this.#keyless * frameMs) / 1000);
    this.#keyless = 0;
    this.#last = -1;
  }
}
