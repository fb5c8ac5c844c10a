import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { clientAddress } from "./addresses.ts";
import type { Door } from "./door.ts";
import type { ServerEvents } from "./events.ts";
import { bearer, sendError } from "./http-route.ts";
import type { TlsCredentials } from "./tls.ts";

const maxBodyBytes = 64 * 1024;

/** What `/healthz` answers. `ok`: a media worker is alive and the server does not drain, so that rooms can open. */
export type Health = {
  ok: boolean;
  version: string;
  workersAlive: number;
  rooms: number;
  participants: number;
  draining: boolean;
};

type HttpOptions = {
  tls: TlsCredentials | null;
  trustForwardedFor: boolean;
  health(): Health;
  registry: Registry;
  door: Door;
  events: ServerEvents;
};

/** The HTTP side: `/healthz` (503 when not ok), `/metrics`, and `/api/tickets` that browsers join by. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { tls, trustForwardedFor, health, registry, door, events } = options;
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: maxBodyBytes,
    serverFactory: (handler) => (tls === null ? createServer(handler) : createTlsServer(tls, handler)),
  });
  app.setErrorHandler((error, _request, reply) =>
    sendError(reply, error, (fault) => {
      events.serverFault("http", fault);
    }),
  );
  app.get("/healthz", (_request, reply) => {
    const answer = health();
    return reply.code(answer.ok ? 200 : 503).send(answer);
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  app.post("/api/tickets", async (request, reply) => {
    const { headers, socket } = request;
    const address = clientAddress(socket.remoteAddress, headers["x-forwarded-for"], trustForwardedFor);
    const ticket = await door.issueTicket(address, bearer(headers.authorization));
    events.ticketIssued();
    return reply.code(201).header("cache-control", "no-store").send(ticket);
  });
  return app;
}
