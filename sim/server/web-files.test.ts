import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fastify, { type FastifyInstance } from "fastify";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { serveWebFiles } from "./web-files.ts";

let directory: string;
let app: FastifyInstance;

function build(): void {
  mkdirSync(join(directory, "assets"), { recursive: true });
  writeFileSync(join(directory, "index.html"), "<!doctype html>page");
  writeFileSync(join(directory, "assets", "main-abc.js"), "go();".repeat(50));
  writeFileSync(join(directory, "assets", "main-abc.css"), "p{}");
  writeFileSync(join(directory, "assets", "notes.txt"), "not ours to serve");
  writeFileSync(join(directory, "secret.js"), "beside the assets");
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "web-files-"));
  app = fastify();
});
afterEach(async () => {
  await app.close();
  rmSync(directory, { recursive: true });
});

describe("where the client is built", () => {
  beforeEach(() => {
    build();
    serveWebFiles(app, directory);
  });

  test("the page is at /, and asked for anew each time", async () => {
    const answer = await app.inject("/");
    expect(answer.body).toBe("<!doctype html>page");
    expect(answer.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  });

  test("nothing inline, nothing evaluated and nothing from elsewhere may run", async () => {
    const { headers } = await app.inject("/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test("who has the page already is told so", async () => {
    const first = await app.inject("/");
    const again = await app.inject({ url: "/", headers: { "if-none-match": String(first.headers.etag) } });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
  });

  test.each([
    ["main-abc.js", "text/javascript; charset=utf-8"],
    ["main-abc.css", "text/css; charset=utf-8"],
  ])("%s has its type and is kept for good", async (name, type) => {
    const { headers } = await app.inject(`/assets/${name}`);
    expect(headers["content-type"]).toBe(type);
    expect(headers["cache-control"]).toContain("immutable");
  });

  test("files go compressed to who takes them so", async () => {
    const answer = await app.inject({
      url: "/assets/main-abc.js",
      headers: { "accept-encoding": "br, gzip" },
    });
    expect(answer.headers["content-encoding"]).toBe("gzip");
    expect(gunzipSync(answer.rawPayload).toString()).toBe("go();".repeat(50));
    expect((await app.inject("/assets/main-abc.js")).headers["content-encoding"]).toBeUndefined();
  });

  test.each([
    "/assets/notes.txt",
    "/assets/none.js",
    "/assets/",
    "/assets/../secret.js",
    "/assets/..%2fsecret.js",
    "/assets/%2e%2e/secret.js",
    "/secret.js",
    "/assets/constructor",
    "/assets/main-abc.js%00",
  ])("there is no %s", async (url) => {
    expect((await app.inject(url)).statusCode).toBe(404);
  });

  test("no path, whatever it is, leads to anything but the assets", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("..", ".", "/", "%2f", "assets", "secret.js", "\\")),
        async (parts) => {
          const { statusCode, body } = await app.inject(encodeURI(`/assets/${parts.join("")}`));
          expect([statusCode, body.includes("beside")]).not.toEqual([200, true]);
        },
      ),
    );
  });
});

test("what a link in the assets leads to is no more than a file of its type", async () => {
  build();
  symlinkSync("/etc/hostname", join(directory, "assets", "hostname"));
  serveWebFiles(app, directory);
  expect((await app.inject("/assets/hostname")).statusCode).toBe(404);
});

describe("where the client is not built", () => {
  test("the page says the one command that builds it", async () => {
    serveWebFiles(app, join(directory, "none"));
    const answer = await app.inject("/");
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain("npm run setup");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  test("it is served as soon as it is built, without another start of the server", async () => {
    serveWebFiles(app, directory);
    await app.inject("/");
    build();
    expect((await app.inject("/")).statusCode).toBe(200);
  });
});
