/** Who takes up a place. Whoever holds several at once, somebody who is to be replaced and their replacement, counts once. */
export class Places {
  readonly #holds = new Map<string, number>();

  get taken(): number {
    return this.#holds.size;
  }

  /** Whether one more place for this id would keep to the limit. */
  fits(id: string, limit: number): boolean {
    return this.#holds.has(id) || this.#holds.size < limit;
  }

  take(id: string): void {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1);
  }

  /** Gives back one of the places taken for this id. */
  free(id: string): void {
    const holds = (this.#holds.get(id) ?? 0) - 1;
    if (holds > 0) this.#holds.set(id, holds);
    else this.#holds.delete(id);
  }
}
