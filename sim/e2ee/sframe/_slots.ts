/**
 * Which key holds which of a fixed number of slots. A slot is given away only
 * when it has not been used for long, so with more keys in use than slots those
 * that hold one keep it, and the others go without.
 */
export class Slots {
  readonly #owners: Float64Array;
  /** In uses and requests of all slots; 0: never. */
  readonly #lastUse: Float64Array;
  readonly #longest: number;
  #now: number;
  #hand = 0;

  /** `longest`: after so many uses and requests of other slots one counts as given up. */
  constructor(count: number, longest: number) {
    this.#owners = new Float64Array(count);
    this.#lastUse = new Float64Array(count);
    this.#longest = longest;
    this.#now = longest;
  }

  /** Whether the slot is still this owner's, who now uses it. Owners are numbers from 1. */
  use(slot: number, owner: number): boolean {
    if (this.#owners[slot] !== owner) return false;
    this.#lastUse[slot] = ++this.#now;
    return true;
  }

  /** A slot for this owner; -1 if there is none now. */
  take(owner: number): number {
    const slot = this.#hand;
    this.#hand = (slot + 1) % this.#owners.length;
    if (++this.#now - (this.#lastUse[slot] ?? 0) <= this.#longest) return -1;
    this.#owners[slot] = owner;
    this.#lastUse[slot] = this.#now;
    return slot;
  }
}
