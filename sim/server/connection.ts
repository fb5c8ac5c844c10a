import { setImmediate } from "node:timers/promises";
import type { RawData, WebSocket } from "ws";
import type { EventBody, EventName } from "../protocol/signalling.ts";
import type { ServerEvents } from "./events.ts";

/** Beyond this many unanswered requests the client's socket is no longer read. */
const maxQueuedRequests = 64;
const closeDeadlineMs = 2000;
/** So many answers to one client, and the event loop gets its turn: a flood holds up nobody else. */
const answersInARow = 8;
/** So many pings in a row without an answer, and the client is gone. */
const maxMissedBeats = 2;

export type RemovalReason = EventBody<"removed">["reason"];

/** An event as it goes over the wire; made once for many receivers. */
export function eventText<Name extends EventName>(event: Name, body: EventBody<Name>): string {
  return JSON.stringify({ event, body });
}

type ConnectionOptions = {
  socket: WebSocket;
  maxBufferedBytes: number;
  events: ServerEvents;
  /** Answers one message; never rejects. */
  answer(message: string | undefined): Promise<string>;
  onClosed(): void;
};

/**
 * A client's signalling connection. Requests are handled one after the other; what
 * happens meanwhile is told after the answer, so that an answer never contradicts
 * an event that came before it.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #queue: (string | undefined)[] = [];
  readonly #closed = Promise.withResolvers<void>();
  #held: string[] | undefined;
  #heldLength = 0;
  #draining = false;
  #lastAnswer = false;
  #open = true;
  #beatsAsked = 0;
  #beatsAnswered = 0;
  #missedBeats = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { socket } = options;
    socket.on("pong", (data) => {
      this.#missedBeats = 0;
      const beat = Number(data.toString());
      if (beat > this.#beatsAnswered && beat <= this.#beatsAsked) this.#beatsAnswered = beat;
    });
    socket.on("message", (data, isBinary) => {
      this.#missedBeats = 0;
      this.#receive(isBinary ? undefined : textOf(data));
    });
    socket.on("error", () => {
      // `close` follows, and is where it is dealt with.
    });
    socket.on("close", () => {
      this.#open = false;
      this.#queue.length = 0;
      this.#closed.resolve();
      options.onClosed();
    });
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Settles when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  event<Name extends EventName>(name: Name, body: EventBody<Name>): void {
    this.tell(eventText(name, body));
  }

  /** Sends an {@link eventText}. */
  tell(text: string): void {
    if (this.#held === undefined) {
      this.#send(text);
      return;
    }
    this.#held.push(text);
    this.#heldLength += text.length;
    if (this.#heldLength > this.#options.maxBufferedBytes) this.#cut(this.#heldLength);
  }

  /** Tells the participant that it is out, and closes. */
  remove(reason: RemovalReason): void {
    this.#send(eventText("removed", { reason }));
    this.close(reason === "server-shutdown" ? 1001 : 1000, reason);
  }

  /** How many signs of life were asked for. */
  get beatsAsked(): number {
    return this.#beatsAsked;
  }

  /** The latest of them that was given: all that was sent before it was asked for has arrived. */
  get beatsAnswered(): number {
    return this.#beatsAnswered;
  }

  /** Asks for a sign of life (RFC 6455 section 5.5.2), and cuts a client that gave none to the last two. */
  beat(): void {
    const { socket, events } = this.#options;
    // What is not read gives no sign, and what is held would go out after the beat.
    if (!this.#open || socket.isPaused || this.#held !== undefined) return;
    if (this.#missedBeats >= maxMissedBeats) {
      this.#open = false;
      events.silentClientCut();
      socket.terminate();
      return;
    }
    this.#missedBeats++;
    socket.ping(String(++this.#beatsAsked));
  }

  /** Closes after what was sent; a client that does not close in return is cut. */
  close(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#queue.length = 0;
    const { socket } = this.#options;
    socket.resume();
    socket.close(code, reason);
    const deadline = setTimeout(() => {
      socket.terminate();
    }, closeDeadlineMs);
    void this.closed.then(() => {
      clearTimeout(deadline);
    });
  }

  /** The answer to the request at hand is the last that the client gets. */
  closeAfterAnswer(): void {
    this.#lastAnswer = true;
  }

  #receive(message: string | undefined): void {
    if (!this.#open) return;
    this.#queue.push(message);
    if (this.#queue.length >= maxQueuedRequests) this.#options.socket.pause();
    if (!this.#draining) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    for (let answered = 1; this.#open && this.#queue.length > 0; answered++) {
      const message = this.#queue.shift();
      this.#held = [];
      this.#heldLength = 0;
      const answer = await this.#options.answer(message);
      const held = this.#held;
      this.#held = undefined;
      this.#send(answer);
      for (const text of held) this.#send(text);
      if (this.#lastAnswer) this.close(1000, "left");
      if (answered % answersInARow === 0) await setImmediate();
    }
    this.#draining = false;
    if (this.#open && this.#options.socket.isPaused) this.#options.socket.resume();
  }

  #send(text: string): void {
    if (!this.#open) return;
    const { socket, maxBufferedBytes } = this.#options;
    if (socket.bufferedAmount > maxBufferedBytes) this.#cut(socket.bufferedAmount);
    else socket.send(text);
  }

  #cut(bufferedBytes: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.events.slowClientCut(bufferedBytes);
    this.#options.socket.terminate();
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return data instanceof ArrayBuffer ? Buffer.from(data).toString() : data.toString();
}
