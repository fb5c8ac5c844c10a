/** For tests: a WebSocket without a network, and the server's end of it. */
import type { SocketLike } from "./signalling.ts";

type Listener = (event: { data?: unknown }) => void;

export class FakeSocket {
  readonly sent: { id: number; request: string; body: Record<string, unknown> }[] = [];
  isClosed = false;
  readonly #listeners = new Map<string, Set<Listener>>();

  /** As the client takes it. */
  get socket(): SocketLike {
    return {
      send: (text: string) => {
        this.sent.push(JSON.parse(text));
        this.#emit("sent", {});
      },
      close: () => {
        this.end();
      },
      addEventListener: (name: string, listener: Listener) => {
        const listeners = this.#listeners.get(name) ?? new Set();
        listeners.add(listener);
        this.#listeners.set(name, listeners);
      },
    } as unknown as SocketLike;
  }

  open(): void {
    this.#emit("open", {});
  }

  /** The server's end says something. */
  say(message: unknown): void {
    this.#emit("message", { data: typeof message === "string" ? message : JSON.stringify(message) });
  }

  event(event: string, body: unknown): void {
    this.say({ event, body });
  }

  /** The last request of a name. */
  last(request: string): { id: number; body: Record<string, unknown> } {
    const found = this.sent.findLast((one) => one.request === request);
    if (found === undefined) throw new Error(`no ${request} was sent`);
    return found;
  }

  answer(request: string, body: unknown): void {
    this.say({ id: this.last(request).id, ok: true, body });
  }

  refuse(request: string, code: string, more: { retryAfterMs?: number } = {}): void {
    const error = { code, message: `no: ${code}`, ...more };
    this.say({ id: this.last(request).id, ok: false, error });
  }

  /** The connection is gone. */
  end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#emit("close", {});
  }

  #emit(name: string, event: { data?: unknown }): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(event);
  }
}
