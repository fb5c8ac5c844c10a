import { WebSocket } from "ws";
import {
  events,
  requests,
  serverMessageSchema,
  signallingVersion,
  type EventBody,
  type EventName,
  type RequestBody,
  type RequestName,
  type ResponseBody,
  type Role,
  type ServerMessage,
} from "../protocol/signalling.ts";
import { mintToken } from "../protocol/token.ts";
import { createServerLogger } from "./logger.ts";
import type { RoomServerOptions } from "./options.ts";
import { RoomServer } from "./server.ts";

const deadlineMs = 5000;

export const testSecret = new Uint8Array(32).fill(7);

/** A test's own haste is no flood. */
const noLimits: RoomServerOptions["limits"] = {
  byAddress: { join: null, message: null },
  byAccount: { join: null, message: null, hand: null },
};

/** A server on ports of the system's choice, silent, with one worker and without limits. */
export function startServer(options: Partial<RoomServerOptions> = {}): Promise<RoomServer> {
  return RoomServer.create({
    listen: {},
    media: {},
    workers: 1,
    tokenSecret: testSecret,
    limits: noLimits,
    logger: createServerLogger("silent"),
    ...options,
  });
}

export class RefusedError extends Error {
  override name = "RefusedError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

type AnyEvent = { [Name in EventName]: { name: Name; body: EventBody<Name> } }[EventName];

/** A signalling client that checks all it is told against the protocol's schemas, and keeps every event. */
export class TestClient {
  readonly events: AnyEvent[] = [];
  readonly answers: Extract<ServerMessage, { ok: boolean }>[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;
  #nextId = 1;
  readonly #changed = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#notify();
      });
    });
    socket.on("error", () => {
      // `close` follows.
    });
    socket.on("message", (data: Buffer) => {
      const message = serverMessageSchema.parse(JSON.parse(data.toString()));
      if ("event" in message) this.events.push(parseEvent(message.event, message.body));
      else this.answers.push(message);
      this.#notify();
    });
  }

  static async connect(server: { url: string }): Promise<TestClient> {
    const socket = new WebSocket(server.url);
    const client = new TestClient(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** A connected client that has joined as the given role, under its own name as id. */
  static async join(
    server: { url: string },
    who: { id: string; role: Role; room?: string; publicKey?: string },
    transport?: RequestBody<"join">["transport"],
    more: Pick<RequestBody<"join">, "speakers"> = {},
  ): Promise<{ client: TestClient; joined: ResponseBody<"join"> }> {
    const client = await TestClient.connect(server);
    const token = await mintToken(
      testSecret,
      { sub: who.id, room: who.room ?? "room", role: who.role, name: `name of ${who.id}` },
      60,
    );
    const joined = await client.request("join", {
      version: signallingVersion,
      token,
      ...(who.publicKey === undefined ? {} : { publicKey: who.publicKey }),
      ...(transport === undefined ? {} : { transport }),
      ...more,
    });
    return { client, joined };
  }

  async request<Name extends RequestName>(name: Name, body: RequestBody<Name>): Promise<ResponseBody<Name>> {
    const answer = await this.ask(name, body);
    if (!answer.ok) throw new RefusedError(answer.error.code, answer.error.message);
    return parseAnswer(name, answer.body);
  }

  /** Any request, fitting or not; its answer as it comes. */
  async ask(request: string, body: unknown): Promise<Extract<ServerMessage, { ok: boolean }>> {
    const id = this.#nextId++;
    this.socket.send(JSON.stringify({ id, request, body }));
    return this.#until(`the answer to ${request}`, () => this.answers.find((answer) => answer.id === id));
  }

  /** The first event of this name that fits, past or to come. */
  async event<Name extends EventName>(
    name: Name,
    fits: (body: EventBody<Name>) => boolean = () => true,
  ): Promise<EventBody<Name>> {
    return this.#until(name, () =>
      this.events.flatMap((event) => (event.name === name ? [event.body as EventBody<Name>] : [])).find(fits),
    );
  }

  /** Waits until there are so many answers. */
  async answerCount(count: number): Promise<void> {
    await this.#until(`${count} answers`, () => (this.answers.length >= count ? true : undefined));
  }

  close(): void {
    this.socket.close();
  }

  #notify(): void {
    for (const changed of [...this.#changed]) changed();
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && this.socket.readyState !== WebSocket.CLOSED) return;
        this.#changed.delete(check);
        clearTimeout(deadline);
        if (found === undefined) reject(new Error(`the connection closed before ${what}`));
        else resolve(found);
      };
      const deadline = setTimeout(() => {
        this.#changed.delete(check);
        reject(new Error(`no ${what} in ${deadlineMs} ms`));
      }, deadlineMs);
      this.#changed.add(check);
      check();
    });
  }
}

function parseEvent(name: string, body: unknown): AnyEvent {
  if (!Object.hasOwn(events, name)) throw new Error(`unknown event ${name}`);
  const known = name as EventName;
  return { name: known, body: events[known].parse(body) } as AnyEvent;
}

function parseAnswer<Name extends RequestName>(name: Name, body: unknown): ResponseBody<Name> {
  return requests[name].response.parse(body) as ResponseBody<Name>;
}

/** DTLS parameters of a client that never connects. */
export const someDtls = {
  role: "client" as const,
  fingerprints: [{ algorithm: "sha-256" as const, value: Array.from({ length: 32 }, () => "AB").join(":") }],
};

/** RTP parameters of an Opus stream as a speaker publishes it. */
export function opusParameters(ssrc: number): RequestBody<"publish">["rtpParameters"] {
  return {
    mid: "0",
    codecs: [
      {
        mimeType: "audio/opus",
        payloadType: 111,
        clockRate: 48_000,
        channels: 2,
        parameters: { usedtx: 1 },
        rtcpFeedback: [],
      },
    ],
    headerExtensions: [
      { uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 1 },
      { uri: "urn:ietf:params:rtp-hdrext:ssrc-audio-level", id: 6 },
      { uri: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", id: 10 },
    ],
    encodings: [{ ssrc, dtx: true }],
    rtcp: { cname: `c${ssrc}` },
  };
}
