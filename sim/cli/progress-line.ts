/** One line that is written over again and again on a terminal; elsewhere a line now and then. */
export class ProgressLine implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  #shown = false;
  #updates = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${text}\n`);
  }

  /** The present state; without a terminal every fifth is written. */
  update(text: string): void {
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001b[K${text}`);
      this.#shown = true;
    } else if (this.#updates++ % 5 === 0) this.#stream.write(`${text}\n`);
  }

  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
