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
