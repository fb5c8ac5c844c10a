import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { RequestError, wireError } from "./errors.ts";

/** What every refused HTTP request is answered with. */
export const httpErrorSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum([
      "bad-request",
      "unauthorized",
      "not-found",
      "conflict",
      "bad-token",
      "too-many-requests",
      "server-shutdown",
      "internal",
    ]),
    message: z.string(),
    /** With `too-many-requests`; `retry-after` says it too. */
    retryAfterMs: z.int().min(0).optional(),
  }),
});
type HttpErrorBody = z.infer<typeof httpErrorSchema>["error"];

const statusOf: Readonly<Record<HttpErrorBody["code"], number>> = {
  "bad-request": 400,
  unauthorized: 401,
  "not-found": 404,
  conflict: 409,
  "bad-token": 401,
  "too-many-requests": 429,
  "server-shutdown": 503,
  internal: 500,
};

/** A request over HTTP that is refused: code and message are answered as they are. */
export class HttpError extends Error {
  override name = "HttpError";
  readonly code: HttpErrorBody["code"];

  constructor(code: HttpErrorBody["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const refusals = ["not-found", "conflict"] as const;
export type Refusal = (typeof refusals)[number];

/** One thing that can be asked over HTTP: what goes in and what comes out are parsed and documented by the same schemas. */
export type Route = {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With parameters in braces, as OpenAPI has them. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
  /** The status of success, and its body; undefined: none. */
  readonly success: 200 | 201 | 204;
  readonly answer: z.ZodType | undefined;
  /** What else it may be answered by, beside what any request may. */
  readonly refusals: readonly Refusal[];
  answerTo(input: { params: unknown; query: unknown; body: unknown }): Promise<unknown>;
};

/** A route whose handler is given what its schemas parsed, and answers by its schema. */
export function route<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodUndefined,
  Answer extends z.ZodType = z.ZodVoid,
>(options: {
  method: Route["method"];
  path: string;
  operationId: string;
  summary: string;
  params?: Params;
  query?: Query;
  body?: Body;
  success?: Route["success"];
  answer?: Answer;
  refusals?: readonly Refusal[];
  handle(input: {
    params: z.output<Params>;
    query: z.output<Query>;
    body: z.output<Body>;
  }): Promise<z.input<Answer>>;
}): Route {
  const { params, query, body, answer, success = 200, refusals: others = [], handle, ...rest } = options;
  return {
    ...rest,
    params,
    query,
    body,
    answer,
    success,
    refusals: others,
    answerTo: async (input) =>
      handle({
        params: parse(params ?? z.strictObject({}), "path", input.params) as z.output<Params>,
        query: parse(query ?? z.strictObject({}), "query", input.query) as z.output<Query>,
        // Where no body belongs, an empty one may come all the same.
        body: parse(body ?? z.undefined(), "body", input.body ?? undefined) as z.output<Body>,
      }),
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, where: string, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpError("bad-request", `in the ${where}: ${z.prettifyError(parsed.error).slice(0, 500)}`);
}

/** Makes the routes answer, below what prefix the instance has. */
export function mount(app: FastifyInstance, routes: readonly Route[]): void {
  for (const one of routes) {
    app.route({
      method: one.method,
      url: one.path.replaceAll(/\{(\w+)\}/g, ":$1"),
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const answer = await one.answerTo({ params, query, body });
        return reply.code(one.success).send(answer);
      },
    });
  }
}

/** Answers an error: a request's own fault in full, a fault of ours without details, which is then told to `onFault`. */
export function sendError(
  reply: FastifyReply,
  error: unknown,
  onFault: (error: unknown) => void,
): FastifyReply {
  const body = errorBody(error);
  if (body.code === "internal") onFault(error);
  if (body.retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(body.retryAfterMs / 1000));
  if (body.code === "unauthorized" || body.code === "bad-token") reply.header("www-authenticate", "Bearer");
  const answer: z.input<typeof httpErrorSchema> = { error: body };
  return reply.code(statusOf[body.code]).send(answer);
}

function errorBody(error: unknown): HttpErrorBody {
  if (error instanceof HttpError) return { code: error.code, message: error.message };
  if (error instanceof RequestError) {
    const { code, ...told } = wireError(error);
    const known = httpErrorSchema.shape.error.shape.code.safeParse(code);
    return { code: known.data ?? "bad-request", ...told };
  }
  // Fastify's own: a body that is no JSON, or too large.
  if (error instanceof Error && "statusCode" in error && Number(error.statusCode) < 500) {
    return { code: "bad-request", message: error.message };
  }
  return { code: "internal", message: "the server failed to do this" };
}

/** What a request shows as `Authorization: Bearer …`. Throws HttpError `unauthorized` where it shows nothing. */
export function bearer(header: string | undefined): string {
  const shown = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (shown === undefined) throw new HttpError("unauthorized", "expected Authorization: Bearer and a token");
  return shown;
}
