import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** What the browser client's build may hold; anything else in its folder is not served. */
const mimeTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/**
 * The page runs our own files and talks to this server alone: `'self'` takes in its
 * WebSocket (CSP Level 3 section 6.7.2.8). Nothing inline, nothing evaluated, no frame around it.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const commonHeaders = {
  "content-security-policy": contentSecurityPolicy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(self)",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  vary: "accept-encoding",
} as const;

/** Their names hold a hash of what is in them: under one name there is never anything else. */
const assetCache = "public, max-age=31536000, immutable";
const pageCache = "no-cache";

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Soundcheck</title>
<h1>The browser client is not built</h1>
<p>Build it with <code>npm run setup</code>, and load this page again.</p>
</html>
`;

type WebFile = {
  readonly type: string;
  readonly body: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
};
type WebFiles = { readonly page: WebFile; readonly assets: ReadonlyMap<string, WebFile> };

/**
 * Serves the browser client from where it was built: the page at `/`, its files below
 * `/assets`. They are read once, so a path names one of them or nothing. Where there is
 * no build `/` says how to make one, until there is.
 */
export function serveWebFiles(app: FastifyInstance, directory: string): void {
  let files: WebFiles | undefined;
  const built = (): WebFiles | undefined => (files ??= readWebFiles(directory));
  app.get("/", (request, reply) => {
    const page = built()?.page;
    if (page !== undefined) return send(request, reply, page, pageCache);
    return reply
      .code(503)
      .headers(commonHeaders)
      .header("cache-control", "no-store")
      .type("text/html; charset=utf-8")
      .send(notBuilt);
  });
  app.get<{ Params: { name: string } }>("/assets/:name", (request, reply) => {
    const asset = built()?.assets.get(request.params.name);
    if (asset !== undefined) return send(request, reply, asset, assetCache);
    return reply
      .code(404)
      .headers(commonHeaders)
      .header("cache-control", "no-store")
      .type("text/plain")
      .send("not found\n");
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: WebFile, cache: string): FastifyReply {
  reply.headers(commonHeaders).header("cache-control", cache).header("etag", file.etag);
  if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
  reply.type(file.type);
  if (!/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) return reply.send(file.body);
  return reply.header("content-encoding", "gzip").send(file.zipped);
}

/** Undefined where there is no build. */
function readWebFiles(directory: string): WebFiles | undefined {
  const page = readWebFile(join(directory, "index.html"));
  if (page === undefined) return undefined;
  const assets = new Map<string, WebFile>();
  for (const name of namesIn(join(directory, "assets"))) {
    const file = readWebFile(join(directory, "assets", name));
    if (file !== undefined) assets.set(name, file);
  }
  return { page, assets };
}

function readWebFile(path: string): WebFile | undefined {
  const type = mimeTypes[extname(path)];
  if (type === undefined) return undefined;
  try {
    const body = readFileSync(path);
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    return { type, body, zipped: gzipSync(body), etag };
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
