import { WebSocket } from "ws";
import {
  events,
  maxMessageBytes,
  requests,
  serverMessageSchema,
  type EventBody,
  type EventName,
  type RequestBody,
  type RequestName,
  type ResponseBody,
} from "../protocol/signalling.ts";
import { systemClock, type Clock, type MonotonicMs } from "../util/clock.ts";
import { SessionError } from "./errors.ts";

type Pending = { resolve(body: unknown): void; reject(error: SessionError): void };

/** A request that nobody gave a time is given up after this. */
const requestTimeoutMs = 10_000;

export type SignallingHandlers = {
  event<Name extends EventName>(name: Name, body: EventBody<Name>): void;
  /** The connection is gone, once, for whatever reason; when the far end last gave a sign of life. */
  closed(message: string, failure: "disconnected" | "protocol", lastSignAt: MonotonicMs): void;
};

/** How to notice that the far end is out of reach: by pings (RFC 6455 section 5.5.2) that it does not answer. */
type Beat = { periodMs: number; mostMissed: number; clock: Clock };

// A server's answers to a join may be large: a full stage and every stream's parameters.
const maxServerMessageBytes = 16 * maxMessageBytes;

/** One signalling connection: requests with their answers, and events, each parsed by the protocol's schemas. */
export class SignallingConnection {
  readonly #socket: WebSocket;
  readonly #handlers: SignallingHandlers;
  readonly #pending = new Map<number, Pending>();
  /** Requests given up, whose answers may still come. */
  readonly #givenUp = new Set<number>();
  readonly #clock: Clock;
  #nextId = 1;
  #closed = false;
  #missedBeats = 0;
  #lastSignAt: MonotonicMs;
  #beats: NodeJS.Timeout | undefined;

  private constructor(socket: WebSocket, handlers: SignallingHandlers, clock: Clock) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#clock = clock;
    this.#lastSignAt = clock.now();
    socket.on("message", (data: Buffer) => {
      this.#signOfLife();
      this.#receive(data);
    });
    socket.on("pong", () => {
      this.#signOfLife();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // Whatever else it is, a close follows, and tells.
      if (error.code?.startsWith("WS_ERR_") === true)
        this.#protocolError(`no WebSocket message of ours: ${error.message}`);
    });
    socket.on("close", (code, reason) => {
      const why = reason.length > 0 ? `, ${reason.toString()}` : "";
      this.#finish(`signalling connection closed (${code}${why})`);
    });
  }

  /** Rejects with a SessionError `unreachable` when there is no connection, or not before the signal. Without a beat a silent end is not noticed. */
  static async open(
    url: string,
    handlers: SignallingHandlers,
    signal: AbortSignal,
    beat?: Beat,
  ): Promise<SignallingConnection> {
    const unreachable = (why: string, cause?: unknown): SessionError =>
      new SessionError("unreachable", `no signalling connection to ${url}${why}`, { cause });
    if (signal.aborted) throw unreachable(" in time");
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: maxServerMessageBytes });
    // Its handlers are there before the socket is open, so that no first message is missed.
    const connection = new SignallingConnection(socket, handlers, beat?.clock ?? systemClock);
    await new Promise<void>((resolve, reject) => {
      const fail = (error: SessionError): void => {
        signal.removeEventListener("abort", abort);
        // Nobody is told of the end of what never began.
        connection.#closed = true;
        reject(error);
      };
      const abort = (): void => {
        fail(unreachable(" in time"));
        socket.terminate();
      };
      const refuse = (error: Error): void => {
        fail(unreachable(`: ${error.message}`, error));
      };
      signal.addEventListener("abort", abort, { once: true });
      socket.once("error", refuse);
      socket.once("open", () => {
        signal.removeEventListener("abort", abort);
        socket.off("error", refuse);
        resolve();
      });
    });
    if (beat !== undefined) connection.#beat(beat);
    return connection;
  }

  /** Address and port of the far end. */
  get peer(): { address: string; port: number } | undefined {
    const socket = (this.#socket as unknown as { _socket?: { remoteAddress?: string; remotePort?: number } })
      ._socket;
    if (socket?.remoteAddress === undefined || socket.remotePort === undefined) return undefined;
    return { address: socket.remoteAddress, port: socket.remotePort };
  }

  /**
   * Rejects with a SessionError: `refused` by the server, `protocol` when the answer does not fit, `disconnected`
   * when the connection goes first, `unreachable` when the signal (default: 10 s) does. `onAnswer` has an answer
   * that fits before any event that follows it.
   */
  request<Name extends RequestName>(
    name: Name,
    body: RequestBody<Name>,
    signal: AbortSignal = AbortSignal.timeout(requestTimeoutMs),
    onAnswer?: (answer: ResponseBody<Name>) => void,
  ): Promise<ResponseBody<Name>> {
    if (this.#closed)
      return Promise.reject(new SessionError("disconnected", "the signalling connection is closed"));
    const late = new SessionError("unreachable", `no answer to ${name} in time`);
    if (signal.aborted) return Promise.reject(late);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#pending.delete(id);
        this.#givenUp.add(id);
        reject(late);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#pending.set(id, {
        resolve: (answer) => {
          signal.removeEventListener("abort", giveUp);
          const parsed = requests[name].response.safeParse(answer);
          if (parsed.success) {
            onAnswer?.(parsed.data as ResponseBody<Name>);
            resolve(parsed.data as ResponseBody<Name>);
          } else
            reject(new SessionError("protocol", `answer to ${name} does not fit: ${parsed.error.message}`));
        },
        reject: (error) => {
          signal.removeEventListener("abort", giveUp);
          reject(error);
        },
      });
      this.#socket.send(JSON.stringify({ id, request: name, body }));
    });
  }

  close(): void {
    this.#socket.close();
    // A server that does not answer the closing handshake must not keep us.
    setTimeout(() => {
      this.#socket.terminate();
    }, 500).unref();
  }

  #signOfLife(): void {
    this.#missedBeats = 0;
    this.#lastSignAt = this.#clock.now();
  }

  #beat({ periodMs, mostMissed }: Beat): void {
    this.#beats = setInterval(() => {
      if (this.#socket.readyState !== WebSocket.OPEN) return;
      if (this.#missedBeats >= mostMissed) {
        this.#finish("the signalling connection gives no sign of life");
        this.#socket.terminate();
        return;
      }
      // Counted by beats, not by time: who was held up themselves has not read what is there to read.
      this.#missedBeats++;
      this.#socket.ping();
    }, periodMs).unref();
  }

  #receive(data: Buffer): void {
    let raw: unknown;
    try {
      raw = JSON.parse(data.toString());
    } catch {
      this.#protocolError("a message that is not JSON");
      return;
    }
    const message = serverMessageSchema.safeParse(raw);
    if (!message.success) {
      this.#protocolError("a message that is neither answer nor event");
    } else if ("event" in message.data) {
      this.#event(message.data.event, message.data.body);
    } else {
      const { id } = message.data;
      if (id !== null && this.#givenUp.delete(id)) return;
      const pending = id === null ? undefined : this.#pending.get(id);
      if (id === null || pending === undefined) {
        const said = message.data.ok ? "" : ` (${message.data.error.code}: ${message.data.error.message})`;
        this.#protocolError(`an answer to nothing that was asked${said}`);
        return;
      }
      this.#pending.delete(id);
      if (message.data.ok) pending.resolve(message.data.body);
      else
        pending.reject(
          new SessionError("refused", `${message.data.error.code}: ${message.data.error.message}`),
        );
    }
  }

  #event(name: string, body: unknown): void {
    if (!Object.hasOwn(events, name)) {
      this.#protocolError(`an unknown event, ${name.slice(0, 40)}`);
      return;
    }
    const known = name as EventName;
    const parsed = events[known].safeParse(body);
    if (!parsed.success) {
      this.#protocolError(`an event ${known} that does not fit`);
      return;
    }
    try {
      this.#handlers.event(known, parsed.data);
    } catch (error) {
      // Well-formed, and yet of no use: a seat that no key can be made for. It must not end the process of all others.
      this.#protocolError(`an event ${known} that cannot be: ${String(error)}`);
    }
  }

  #protocolError(what: string): void {
    this.#finish(`the server sent ${what}`, "protocol");
    this.#socket.terminate();
  }

  #finish(message: string, failure: "disconnected" | "protocol" = "disconnected"): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#beats);
    for (const pending of this.#pending.values()) pending.reject(new SessionError(failure, message));
    this.#pending.clear();
    this.#handlers.closed(message, failure, this.#lastSignAt);
  }
}
