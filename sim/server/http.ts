import fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import type { ServerEvents } from "./events.ts";

/** What `/healthz` answers. `ok`: a media worker is alive, so that rooms can open. */
export type Health = {
  ok: boolean;
  version: string;
  workersAlive: number;
  rooms: number;
  participants: number;
};

type HttpOptions = { health(): Health; registry: Registry; events: ServerEvents };

/** The HTTP side: `/healthz` (503 when not ok) and `/metrics`. */
export function createHttp({ health, registry, events }: HttpOptions): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    events.serverFault("http", error);
    return reply.code(500).send({ error: "internal" });
  });
  app.get("/healthz", (_request, reply) => {
    const answer = health();
    return reply.code(answer.ok ? 200 : 503).send(answer);
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
  return app;
}
