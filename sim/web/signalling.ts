import {
  events,
  requests,
  serverMessageSchema,
  type EventBody,
  type EventName,
  type RequestBody,
  type RequestName,
  type ResponseBody,
} from "../protocol/signalling.ts";
import { ClientError } from "./errors.ts";

/** What is used of a browser's WebSocket. */
export type SocketLike = Pick<WebSocket, "send" | "close" | "addEventListener">;

export type AnyEvent = { [Name in EventName]: { name: Name; body: EventBody<Name> } }[EventName];

/** A request to the room server; rejects with a ClientError. */
export type Ask = <Name extends RequestName>(
  name: Name,
  body: RequestBody<Name>,
) => Promise<ResponseBody<Name>>;

export type SignallingHandlers = {
  event(event: AnyEvent): void;
  /** The connection is gone, once, for whatever reason; not told of one that never was. */
  closed(reason: ClientError): void;
};

const openTimeoutMs = 8000;
const requestTimeoutMs = 10_000;

type Pending = { resolve(body: unknown): void; reject(error: ClientError): void };

/** One signalling connection: requests with their answers, and events, each parsed by the protocol's schemas. */
export class SignallingSocket {
  readonly #socket: SocketLike;
  readonly #handlers: SignallingHandlers;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isOpen = false;
  #closed = false;

  private constructor(socket: SocketLike, handlers: SignallingHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.addEventListener("message", ({ data }) => {
      this.#receive(data);
    });
    socket.addEventListener("close", () => {
      this.#finish(new ClientError("disconnected", "the connection to the server is closed"));
    });
  }

  /** Rejects with a ClientError `unreachable` where there is no connection within 8 s. */
  static async open(socket: SocketLike, handlers: SignallingHandlers): Promise<SignallingSocket> {
    const signalling = new SignallingSocket(socket, handlers);
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => {
        clearTimeout(timer);
        socket.close();
        reject(new ClientError("unreachable", "no connection to the server"));
      };
      const timer = setTimeout(fail, openTimeoutMs);
      socket.addEventListener("close", fail, { once: true });
      socket.addEventListener(
        "open",
        () => {
          clearTimeout(timer);
          signalling.#isOpen = true;
          resolve();
        },
        { once: true },
      );
    });
    return signalling;
  }

  /** Rejects with a ClientError: the server's own, `protocol`, `disconnected`, or `unreachable` after 10 s. */
  readonly ask: Ask = (name, body) => {
    if (this.#closed)
      return Promise.reject(new ClientError("disconnected", "there is no connection to the server"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new ClientError("unreachable", `no answer to ${name} in time`));
      }, requestTimeoutMs);
      this.#pending.set(id, {
        resolve: (answer) => {
          clearTimeout(timer);
          const parsed = requests[name].response.safeParse(answer);
          if (parsed.success) resolve(parsed.data as ResponseBody<typeof name>);
          else reject(new ClientError("protocol", `the answer to ${name} does not fit`));
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.send(JSON.stringify({ id, request: name, body }));
    });
  };

  /** Without a word to the handlers; safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#rejectAll(new ClientError("disconnected", "the connection was closed"));
    this.#socket.close();
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    const message = serverMessageSchema.safeParse(parseJson(data));
    if (!message.success) {
      this.#protocolError("a message that is neither answer nor event");
    } else if ("event" in message.data) {
      const event = parseEvent(message.data.event, message.data.body);
      if (event === undefined) this.#protocolError(`an event that does not fit: ${message.data.event}`);
      else this.#handlers.event(event);
    } else {
      // What was given up meanwhile is answered in vain.
      const pending = message.data.id === null ? undefined : this.#pending.get(message.data.id);
      if (message.data.id !== null) this.#pending.delete(message.data.id);
      if (message.data.ok) return pending?.resolve(message.data.body);
      const { code, message: said, retryAfterMs } = message.data.error;
      pending?.reject(new ClientError(code, said, retryAfterMs === undefined ? {} : { retryAfterMs }));
    }
  }

  #protocolError(what: string): void {
    this.#finish(new ClientError("protocol", `the server sent ${what}`));
    this.#socket.close();
  }

  #finish(reason: ClientError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rejectAll(reason);
    // Nobody is told of the end of what never began.
    if (this.#isOpen) this.#handlers.closed(reason);
  }

  #rejectAll(reason: ClientError): void {
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

function parseJson(data: unknown): unknown {
  try {
    return typeof data === "string" ? JSON.parse(data) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for an event that there is not, or whose body does not fit. */
function parseEvent(name: string, body: unknown): AnyEvent | undefined {
  if (!Object.hasOwn(events, name)) return undefined;
  const known = name as EventName;
  const parsed = events[known].safeParse(body);
  return parsed.success ? ({ name: known, body: parsed.data } as AnyEvent) : undefined;
}
