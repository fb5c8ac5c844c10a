import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { adminRoutes } from "./admin-routes.ts";
import type { AdminServices } from "./admin-services.ts";
import { bearer, HttpError, mount, route, sendError } from "./http-route.ts";
import { openApi } from "./openapi.ts";

export const adminPrefix = "/admin";

type AdminApiOptions = AdminServices & {
  /** Whoever shows this may do everything here. */
  token: string;
  version: string;
  /** Throws RequestError `too-many-requests`. */
  requireAllowance(request: FastifyRequest): void;
  onFault(error: unknown): void;
};

/** The admin API, below `/admin`, with its document at `/admin/openapi.json`. */
export async function registerAdminApi(app: FastifyInstance, options: AdminApiOptions): Promise<void> {
  const { token, version, requireAllowance, onFault } = options;
  const wanted = digest(token);
  const routes = adminRoutes(options);
  routes.push(
    route({
      method: "GET",
      path: "/openapi.json",
      operationId: "getDocument",
      summary: "This document.",
      answer: z.looseObject({ openapi: z.literal("3.1.0") }),
      handle: async () => document,
    }),
  );
  const document = openApi({ title: "Soundcheck room server", version, prefix: adminPrefix, routes });
  await app.register(
    (scope, _options, done) => {
      scope.addHook("onRequest", async (request) => {
        requireAllowance(request);
        // Digests are of one length, and comparing them takes the same time wherever they differ.
        if (!timingSafeEqual(digest(bearer(request.headers.authorization)), wanted)) {
          throw new HttpError("unauthorized", "this is not the admin token");
        }
      });
      scope.setErrorHandler((error, _request, reply) => sendError(reply, error, onFault));
      scope.setNotFoundHandler((_request, reply) =>
        sendError(
          reply,
          new HttpError("not-found", "there is no such route: see /admin/openapi.json"),
          onFault,
        ),
      );
      mount(scope, routes);
      done();
    },
    { prefix: adminPrefix },
  );
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
