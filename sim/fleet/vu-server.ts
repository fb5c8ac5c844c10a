import { WebSocketServer, type WebSocket } from "ws";
import { vuMessageSchema, type AgentMessage, type VuMessage } from "../protocol/fleet.ts";

/** How long a VU may take to say hello. */
const helloTimeoutMs = 10_000;
const maxVuMessageBytes = 4096;

type Hello = Extract<VuMessage, { type: "hello" }>;

/** One participant as its VU sees it. */
export type Seat = {
  /** Leaves in good order; the last digest. */
  leave(): Promise<Extract<AgentMessage, { type: "final" }>>;
  /** The VU is gone: drop everything. */
  cut(): void;
};

export type VuServerOptions = {
  host: string;
  runId: string;
  kind: "stage" | "audience";
  /** Seats a participant; what happens to it goes out by `send`. */
  seat(index: number, send: (message: AgentMessage) => void): Promise<Seat>;
};

/** Where k6's VUs connect: one WebSocket a participant. */
export class VuServer {
  readonly #server: WebSocketServer;
  readonly #options: VuServerOptions;
  readonly #taken = new Set<number>();

  private constructor(server: WebSocketServer, options: VuServerOptions) {
    this.#server = server;
    this.#options = options;
    server.on("connection", (socket) => {
      this.#serve(socket);
    });
  }

  static async listen(options: VuServerOptions): Promise<VuServer> {
    const server = new WebSocketServer({
      host: options.host,
      port: 0,
      path: "/participants",
      perMessageDeflate: false,
      backlog: 4096,
      maxPayload: maxVuMessageBytes,
    });
    await new Promise<void>((resolve, reject) => {
      server.once("listening", resolve);
      server.once("error", reject);
    });
    return new VuServer(server, options);
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("VuServer: not listening");
    return `ws://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/participants`;
  }

  close(): void {
    for (const socket of this.#server.clients) socket.close(1001, "run ended");
    this.#server.close();
  }

  #serve(socket: WebSocket): void {
    const send = (message: AgentMessage): void => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    };
    const refuse = (message: string): void => {
      send({ type: "failed", cause: "protocol", message });
      socket.close(1008, "see the message");
    };
    const helloTimer = setTimeout(() => {
      refuse("no hello came in time");
    }, helloTimeoutMs);
    let seating: Promise<Seat | undefined> | undefined;
    let leaving = false;
    // Whoever left in good order is not cut when the socket closes.
    let gone = false;
    const broke = (error: unknown): void => {
      send({ type: "failed", cause: "harness", message: String(error) });
      socket.close(1011, "see the message");
    };
    const seat = (index: number): void => {
      this.#taken.add(index);
      seating = this.#options.seat(index, send).catch((error: unknown) => {
        broke(error);
        return undefined;
      });
    };
    const leave = async (seated: Promise<Seat | undefined>): Promise<void> => {
      const final = await (await seated)?.leave();
      if (final !== undefined) send(final);
      gone = true;
      socket.close(1000);
    };
    socket.on("error", () => {
      // A close follows.
    });
    socket.on("message", (data: Buffer) => {
      const message = parse(data);
      if (message === undefined) {
        refuse("a message that is neither hello nor leave, or of another version");
      } else if (message.type === "leave") {
        if (seating === undefined || leaving) {
          refuse(leaving ? "leave twice" : "leave before hello");
          return;
        }
        leaving = true;
        leave(seating).catch(broke);
      } else if (seating !== undefined) {
        refuse("hello twice");
      } else {
        clearTimeout(helloTimer);
        const problem = this.#problemWith(message);
        if (problem === undefined) seat(message.index);
        else refuse(problem);
      }
    });
    socket.on("close", () => {
      clearTimeout(helloTimer);
      if (!gone) seating?.then((seated) => seated?.cut()).catch(broke);
    });
  }

  #problemWith({ runId, kind, index }: Hello): string | undefined {
    const ours = this.#options;
    if (runId !== ours.runId || kind !== ours.kind) {
      return `this host seats the ${ours.kind} of run ${ours.runId}, not the ${kind} of ${runId}`;
    }
    return this.#taken.has(index) ? `seat ${index} of the ${kind} is taken` : undefined;
  }
}

function parse(data: Buffer): ReturnType<typeof vuMessageSchema.parse> | undefined {
  try {
    return vuMessageSchema.parse(JSON.parse(data.toString()));
  } catch {
    return undefined;
  }
}
