/** Work that is done at once, and then at most once an interval, however often it is asked for. */
export class Coalesced {
  readonly #intervalMs: number;
  readonly #work: () => void;
  #timer: NodeJS.Timeout | undefined;
  #asked = false;

  constructor(intervalMs: number, work: () => void) {
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  ask(): void {
    if (this.#timer === undefined) this.#run();
    else this.#asked = true;
  }

  /** What was asked for and not done yet is not done any more. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asked = false;
  }

  #run(): void {
    this.#asked = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#asked) this.#run();
    }, this.#intervalMs).unref();
    this.#work();
  }
}
