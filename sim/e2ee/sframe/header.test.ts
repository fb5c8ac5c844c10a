import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { uint64 } from "../uint64.ts";
import { decodeSFrameHeader, encodeSFrameHeader, maxHeaderBytes, sframeHeaderBytes } from "./header.ts";

/** Spread over magnitudes, so that each length of the encoding is met. */
const anyUint64 = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 63n }))
  .map(([value, shift]) => uint64(value >> shift));

describe("the SFrame header", () => {
  test("what was written is read back, and is as long as foretold", () => {
    fc.assert(
      fc.property(anyUint64, anyUint64, (kid, ctr) => {
        const encoded = encodeSFrameHeader(kid, ctr);
        expect(encoded.length).toBe(sframeHeaderBytes(kid, ctr));
        expect(encoded.length).toBeLessThanOrEqual(maxHeaderBytes);
        expect(decodeSFrameHeader(encoded)).toEqual({ kid, ctr, bytes: encoded.length });
      }),
    );
  });

  test("KID and CTR below 8 cost nothing beyond the config byte", () => {
    expect([...encodeSFrameHeader(7, 7)]).toEqual([0x77]);
    expect([...encodeSFrameHeader(8, 7)]).toEqual([0x87, 8]);
    expect([...encodeSFrameHeader(7, 8)]).toEqual([0x78, 8]);
  });

  test("a header that ends too early is not read", () => {
    fc.assert(
      fc.property(anyUint64, anyUint64, (kid, ctr) => {
        const encoded = encodeSFrameHeader(kid, ctr);
        for (let length = 0; length < encoded.length; length++) {
          expect(decodeSFrameHeader(encoded.subarray(0, length))).toBeNull();
        }
      }),
    );
  });

  test("an encoding longer than needed is read for what it says", () => {
    expect(decodeSFrameHeader(Uint8Array.of(0x99, 0, 5, 0, 6))).toEqual({ kid: 5, ctr: 6, bytes: 5 });
    const eightBytes = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2);
    expect(decodeSFrameHeader(eightBytes)).toEqual({ kid: 1, ctr: 2, bytes: 17 });
  });
});
