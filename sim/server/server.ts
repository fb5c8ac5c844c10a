import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { WebSocketServer, type WebSocket } from "ws";
import { maxMessageBytes } from "../protocol/signalling.ts";
import { systemClock, type Clock } from "../util/clock.ts";
import { SetupError } from "../util/errors.ts";
import { clientAddress, isLoopback } from "./addresses.ts";
import { registerAdminApi } from "./admin-api.ts";
import { Connection } from "./connection.ts";
import { answerMessage } from "./dispatch.ts";
import { createEvents } from "./events.ts";
import { createHttp } from "./http.ts";
import { createServerLogger } from "./logger.ts";
import { createLiveRooms } from "./live-rooms.ts";
import { createMetrics } from "./metrics.ts";
import type { DrainStatus } from "./drain.ts";
import { resolveSettings, type RoomServerOptions, type ServerSettings } from "./options.ts";
import { createOutside, createStore, type Outside } from "./outside.ts";
import { ResumeTokens } from "./resume-tokens.ts";
import { Rooms } from "./rooms.ts";
import { Session, type Services } from "./session.ts";
import { TokenVerifier } from "./token.ts";
import { serveWebFiles } from "./web-files.ts";
import { WorkerPool } from "./worker-pool.ts";

const backlog = 4096;
const keepAliveMs = 15_000;
const signallingPath = "/room";

type Parts = {
  services: Services;
  outside: Outside;
  /** Whether the store is closed with the server. */
  ownsStore: boolean;
  pool: WorkerPool;
  app: FastifyInstance;
  clock: Clock;
  connections: Set<Connection>;
};

/** The room server: HTTP (the browser client at `/`, `/healthz`, `/metrics`), signalling (WebSocket at `/room`) and media workers. */
export class RoomServer implements AsyncDisposable {
  readonly #parts: Parts;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
  });
  readonly #heartbeat: NodeJS.Timeout;
  #closing: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.#heartbeat = setInterval(() => {
      for (const connection of parts.connections) connection.beat();
    }, parts.services.settings.heartbeatMs).unref();
    parts.app.server.on("upgrade", (request, socket, head) => {
      this.#upgrade(request, socket, head);
    });
  }

  /**
   * Starts a server; when this resolves it serves. Throws BadInputError `bad-server-options` or
   * `tls-required`, or SetupError `port-in-use`, `address-unavailable`, `worker-missing`,
   * `worker-failed`, `store-unusable`, `store-foreign` or `store-newer`.
   */
  static async create(options: RoomServerOptions): Promise<RoomServer> {
    const { logger = createServerLogger("info"), clock = systemClock, store: givenStore, ...rest } = options;
    const settings = resolveSettings(rest);
    const connections = new Set<Connection>();
    const metrics = createMetrics({
      census: () => rooms.census(),
      connections: () => connections.size,
      workerUsage: () => pool.usage(),
      outside: async () => ({
        storedRooms: await store.countRooms(),
        webhooksWaiting: await store.countDeliveries(),
        ticketsOpen: outside.tickets.open,
        draining: outside.drain.on,
      }),
    });
    const events = createEvents({
      logger,
      metrics,
      hooks: {
        arrived: () => {
          outside.drain.arrived();
        },
        gone: (how) => {
          outside.drain.gone(how);
        },
        webhook: (event) => outside.webhooks?.emit(event),
      },
    });
    const tokens = await TokenVerifier.create(settings.tokenSecret);
    // Where a step fails, what was made before it goes.
    await using undo = new AsyncDisposableStack();
    const store = givenStore ?? undo.use(createStore(settings));
    const outside = createOutside({ settings, store, clock, tokens, events, rooms: () => rooms });
    undo.use(outside.webhooks);
    const pool = undo.adopt(await WorkerPool.create({ settings, events }), (one) => one.close());
    const resumeTokens = new ResumeTokens();
    const rooms = new Rooms({ pool, settings, directory: store, resumeTokens, clock, events });
    const app = createHttp({
      tls: settings.tls,
      trustForwardedFor: settings.trustForwardedFor,
      door: outside.door,
      health: () => ({
        ok: pool.workers.length > 0 && !outside.drain.on,
        version: settings.version,
        workersAlive: pool.workers.length,
        rooms: rooms.size,
        participants: rooms.participantCount,
        draining: outside.drain.on,
      }),
      registry: metrics.registry,
      events,
    });
    undo.adopt(app, (one) => one.close());
    if (settings.webDirectory !== null) serveWebFiles(app, settings.webDirectory);
    const server = new RoomServer({
      services: {
        settings,
        rooms,
        directory: store,
        resumeTokens,
        door: outside.door,
        limits: outside.limits,
        events,
        clock,
        wallClock: outside.wallClock,
        acted: (act) => void outside.audit.record(act),
      },
      outside,
      ownsStore: givenStore === undefined,
      pool,
      app,
      clock,
      connections,
    });
    if (settings.adminToken !== null) {
      await registerAdminApi(app, {
        store,
        audit: outside.audit,
        drain: outside.drain,
        rooms: createLiveRooms(server.#parts.services),
        clock: outside.wallClock,
        token: settings.adminToken,
        version: settings.version,
        requireAllowance: ({ socket, headers }) => {
          outside.limits.requireByAddress("message", addressOf(settings, socket, headers));
        },
        onFault: (error) => {
          events.serverFault("admin", error);
        },
      });
    }
    const { host, port } = settings.listen;
    try {
      await app.listen({ host, port, backlog });
    } catch (cause) {
      clearInterval(server.#heartbeat);
      throw listenError(cause, host, port);
    }
    if (settings.insecure && !isLoopback(host)) events.insecure({ host });
    undo.move();
    events.listening({ host, port: server.port, workers: pool.workers.length });
    return server;
  }

  /** The TCP port that HTTP and signalling are served at. */
  get port(): number {
    const [address] = this.#parts.app.addresses();
    if (typeof address !== "object") throw new Error("the server does not listen");
    return address.port;
  }

  /** Where the HTTP side is, e.g. http://127.0.0.1:7880 */
  get httpUrl(): string {
    const { tls, listen } = this.#parts.services.settings;
    const { host } = listen;
    return `${tls === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${this.port}`;
  }

  /** Where participants connect, e.g. ws://127.0.0.1:7880/room */
  get url(): string {
    return `${this.httpUrl.replace(/^http/, "ws")}${signallingPath}`;
  }

  /** The media workers alive: their processes, and the UDP ports of their media. */
  get workers(): { index: number; pid: number; port: number }[] {
    return this.#parts.pool.workers;
  }

  /**
   * Lets nobody in any more, tells those inside and cuts them at the deadline; answers, when all are
   * out, how each went. The server is to be closed then.
   */
  async drain(deadlineMs: number): Promise<DrainStatus> {
    const { outside, services } = this.#parts;
    services.events.draining(deadlineMs);
    const status = await outside.drain.run(deadlineMs);
    services.events.drained(status);
    return status;
  }

  /** Tells all participants, closes every connection, and ends the workers. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { services, outside, ownsStore, app, pool, connections } = this.#parts;
    clearInterval(this.#heartbeat);
    services.rooms.endAll("server-shutdown");
    for (const connection of connections) connection.close(1001, "server-shutdown");
    await Promise.all([...connections].map((connection) => connection.closed));
    await app.close();
    await pool.close();
    await outside.webhooks?.close();
    if (ownsStore) await outside.store.close();
    services.events.closed();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = request.url?.split("?")[0];
    if (path !== signallingPath || this.#closing !== undefined) {
      socket.on("error", () => {
        socket.destroy();
      });
      socket.end(
        `HTTP/1.1 ${path === signallingPath ? "503 Service Unavailable" : "404 Not Found"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    // A client that vanished without a word is noticed by the kernel.
    if (socket instanceof Socket) socket.setKeepAlive(true, keepAliveMs);
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#accept(webSocket, addressOf(this.#parts.services.settings, request.socket, request.headers));
    });
  }

  #accept(socket: WebSocket, address: string): void {
    const { services, clock, connections } = this.#parts;
    const connection = new Connection({
      socket,
      maxBufferedBytes: services.settings.maxBufferedBytes,
      events: services.events,
      answer: (message) => answerMessage(session, message, clock),
      onClosed: () => {
        connections.delete(connection);
        session.onClosed();
      },
    });
    const session = new Session(services, connection, address);
    connections.add(connection);
  }
}

function addressOf(
  { trustForwardedFor }: ServerSettings,
  socket: { remoteAddress?: string | undefined },
  headers: IncomingHttpHeaders,
): string {
  return clientAddress(socket.remoteAddress, headers["x-forwarded-for"], trustForwardedFor);
}

function listenError(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") {
    return new SetupError("port-in-use", `TCP port ${port} of ${host} is in use`, {
      hint: "stop the program that holds it, or choose another port (0: the system's choice)",
      cause,
    });
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EACCES") {
    return new SetupError("address-unavailable", `Cannot listen at ${host}, port ${port}: ${code}`, {
      hint: "choose an address of this machine, and a port that you may use",
      cause,
    });
  }
  return cause;
}
