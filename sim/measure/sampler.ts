import type { Random } from "../util/random.ts";

/**
 * Draws packets at one fixed probability: every k-th, from a random start
 * (systematic sampling), which costs a decrement a packet.
 */
export class Sampler {
  readonly #every: number;
  #left: number;

  constructor(probability: number, random: Random) {
    if (!(probability > 0 && probability <= 1)) throw new RangeError("Sampler: a probability above 0 and up to 1");
    this.#every = Math.max(1, Math.round(1 / probability));
    this.#left = 1 + random.integer(this.#every);
  }

  /** True for a packet that is in the sample. */
  draw(): boolean {
    if (--this.#left > 0) return false;
    this.#left = this.#every;
    return true;
  }

  /** How many of the next `count` packets are in the sample. */
  drawOf(count: number): number {
    if (count < this.#left) {
      this.#left -= count;
      return 0;
    }
    const drawn = 1 + Math.floor((count - this.#left) / this.#every);
    this.#left = this.#every - ((count - this.#left) % this.#every);
    return drawn;
  }
}
