import type { Random } from "../util/random.ts";

/**
 * Draws each packet at one fixed probability, independently of all others. It
 * draws how many to let pass until the next (geometrically distributed), so a
 * packet costs a decrement. Every k-th would be cheaper still, but where
 * listeners take their packets in turns it would fall on the same ones again and again.
 */
export class Sampler {
  readonly #random: Random;
  /** ln(1 - probability); -Infinity when everything is drawn. */
  readonly #logMiss: number;
  #left: number;

  constructor(probability: number, random: Random) {
    if (!(probability > 0 && probability <= 1))
      throw new RangeError("Sampler: a probability above 0 and up to 1");
    this.#random = random;
    this.#logMiss = Math.log1p(-probability);
    this.#left = this.#gap();
  }

  /** True for a packet that is in the sample. */
  draw(): boolean {
    if (--this.#left > 0) return false;
    this.#left = this.#gap();
    return true;
  }

  /** How many of the next `count` packets are in the sample. */
  drawOf(count: number): number {
    let drawn = 0;
    let rest = count;
    for (; rest >= this.#left; drawn++) {
      rest -= this.#left;
      this.#left = this.#gap();
    }
    this.#left -= rest;
    return drawn;
  }

  /** Packets up to and including the next that is drawn: 1 + floor(ln(u) / ln(1 - p)), u uniform above 0 and up to 1. */
  #gap(): number {
    return 1 + Math.floor(Math.log(1 - this.#random.next()) / this.#logMiss);
  }
}
