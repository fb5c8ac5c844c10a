import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { fromWords, highWord, lowWord, uint64 } from "./uint64.ts";

describe("uint64", () => {
  test("every value has one form, a number below 2^53 and a bigint from there on", () => {
    expect(uint64(7n)).toBe(7);
    expect(uint64(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER);
    expect(uint64(2n ** 53n)).toBe(2n ** 53n);
  });

  test("what is no unsigned 64-bit integer is refused", () => {
    for (const value of [-1, 1.5, NaN, 2 ** 53, Infinity, -1n, 2n ** 64n]) {
      expect(() => uint64(value)).toThrow(RangeError);
    }
  });

  test("two words give the value back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const canonical = uint64(value);
        expect(fromWords(highWord(canonical), lowWord(canonical))).toBe(canonical);
        expect((BigInt(highWord(canonical)) << 32n) | BigInt(lowWord(canonical))).toBe(value);
      }),
    );
  });
});
