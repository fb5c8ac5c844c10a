import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "./bytes.ts";

test("bytes come back from base64url, which needs no escaping and no padding", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = toBase64Url(bytes);
      expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
      expect([...fromBase64Url(text)]).toEqual([...bytes]);
    }),
  );
});

test("a view into a larger buffer gives its own bytes only", () => {
  const whole = Uint8Array.of(1, 2, 3, 4, 5);
  expect(toBase64Url(whole.subarray(1, 4))).toBe(toBase64Url(Uint8Array.of(2, 3, 4)));
});
