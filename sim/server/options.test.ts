import { describe, expect, test } from "vitest";
import { resolveSettings } from "./options.ts";

const tokenSecret = new Uint8Array(32);

describe("the server's options", () => {
  test("left out, take their defaults", () => {
    expect(resolveSettings({ listen: {}, media: {}, tokenSecret })).toMatchObject({
      listen: { host: "127.0.0.1", port: 0 },
      media: { ip: "127.0.0.1", port: 0, announcedAddress: null },
      joinTimeoutMs: 10_000,
      maxBufferedBytes: 1024 * 1024,
    });
  });

  test("left out, give at least one worker", () => {
    expect(resolveSettings({ listen: {}, media: {}, tokenSecret }).workers).toBeGreaterThanOrEqual(1);
  });

  const refused: [string, object, RegExp][] = [
    ["a mistyped name", { worker: 2 }, /worker/],
    ["a secret below 32 bytes", { tokenSecret: new Uint8Array(31) }, /at least 32 bytes/],
    ["no workers at all", { workers: 0 }, /workers/],
    ["a port that there is not", { listen: { port: 65_536 } }, /listen\.port/],
    ["a media address that is a name", { media: { ip: "localhost" } }, /media\.ip/],
    [
      "more workers than ports above the media port",
      { workers: 3, media: { port: 65_534 } },
      /at most 65533 fits/,
    ],
  ];
  for (const [what, wrong, message] of refused) {
    test(`with ${what} are refused, saying where`, () => {
      const options = { listen: {}, media: {}, tokenSecret, ...wrong };
      expect(() => resolveSettings(options)).toThrow(message);
      expect(() => resolveSettings(options)).toThrow(expect.objectContaining({ code: "bad-server-options" }));
    });
  }
});

describe("a server beyond this machine", () => {
  const beyond = { listen: { host: "0.0.0.0" }, media: {}, tokenSecret };

  test("without TLS is refused, saying what to do", () => {
    expect(() => resolveSettings(beyond)).toThrow(
      expect.objectContaining({ code: "tls-required", hint: expect.stringContaining("--tls-cert") }),
    );
  });

  test("may be one with TLS, or one that is told to be insecure", () => {
    expect(resolveSettings({ ...beyond, tls: { cert: "c", key: "k" } }).listen.host).toBe("0.0.0.0");
    expect(resolveSettings({ ...beyond, insecure: true }).tls).toBeNull();
  });
});

describe("where webhooks go", () => {
  const withUrl = (url: string) => ({
    listen: {},
    media: {},
    tokenSecret,
    webhook: { url, secret: "0123456789abcdef" },
  });

  test.each(["https://hooks.example/x", "http://127.0.0.1:9000/", "http://localhost/", "http://[::1]:1/"])(
    "may be %s",
    (url) => {
      expect(resolveSettings(withUrl(url)).webhook?.url).toBe(url);
    },
  );

  test.each(["http://hooks.example/", "http://10.0.0.1/", "ftp://127.0.0.1/", "hooks.example"])(
    "may not be %s",
    (url) => {
      expect(() => resolveSettings(withUrl(url))).toThrow(/webhook\.url/);
    },
  );
});

test("an admin token that is short or has spaces is refused", () => {
  for (const adminToken of ["short", "x".repeat(31), `${"x".repeat(20)} ${"x".repeat(20)}`]) {
    expect(() => resolveSettings({ listen: {}, media: {}, tokenSecret, adminToken })).toThrow(/adminToken/);
  }
});
