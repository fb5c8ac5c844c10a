import { z } from "zod";
import { httpErrorSchema, type Route } from "./http-route.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;
type Response = { description: string; content?: { "application/json": { schema: JsonSchema | Reference } } };
type Reference = { $ref: string };

type Parameter = { name: string; in: "path" | "query"; required: boolean; schema: JsonSchema };

export type Operation = {
  operationId: string;
  summary: string;
  parameters: Parameter[];
  requestBody?: { required: true; content: { "application/json": { schema: JsonSchema } } };
  responses: Record<string, Response>;
};

export type OpenApi = {
  openapi: "3.1.0";
  info: { title: string; version: string };
  servers: { url: string }[];
  security: Record<string, string[]>[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    securitySchemes: Record<string, { type: "http"; scheme: "bearer" }>;
  };
};

/** The document (OpenAPI 3.1, whose schemas are JSON Schema 2020-12) of these routes, all behind a bearer token. */
export function openApi(options: {
  title: string;
  version: string;
  prefix: string;
  routes: readonly Route[];
}): OpenApi {
  const paths: OpenApi["paths"] = {};
  for (const one of options.routes) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: operation(one) };
  }
  return {
    openapi: "3.1.0",
    info: { title: options.title, version: options.version },
    servers: [{ url: options.prefix }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: { Error: jsonSchema(httpErrorSchema, "output") },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function operation(one: Route): Operation {
  const { operationId, summary, body, answer, success } = one;
  const error = (description: string): Response => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
  });
  return {
    operationId,
    summary,
    parameters: [...parameters("path", one.params), ...parameters("query", one.query)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true as const,
            content: { "application/json": { schema: jsonSchema(body, "input") } },
          },
        }),
    responses: {
      [success]: {
        description: "Done.",
        ...(answer === undefined
          ? {}
          : { content: { "application/json": { schema: jsonSchema(answer, "output") } } }),
      },
      400: error("What was asked does not fit."),
      401: error("No token, or not the right one."),
      429: error("Too many requests from this address."),
      ...(one.refusals.includes("not-found") ? { 404: error("It is not there.") } : {}),
      ...(one.refusals.includes("conflict") ? { 409: error("It is there already.") } : {}),
    },
  };
}

function parameters(where: Parameter["in"], schema: z.ZodObject | undefined): Parameter[] {
  if (schema === undefined) return [];
  // As they are after parsing: in a URL everything is text.
  const { properties = {} } = jsonSchema(schema, "output");
  return Object.entries(properties).flatMap(([name, property]) =>
    typeof property === "boolean" ? [] : [{ name, in: where, required: where === "path", schema: property }],
  );
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}
