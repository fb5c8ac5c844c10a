import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { uint64 } from "../uint64.ts";
import type { Uint64 } from "../uint64.ts";
import { longestBytes, slots } from "./_kernel.ts";
import { windowBlocks, windowCounters } from "./_window-size.ts";
import type { FrameCipher } from "./engine.ts";
import { encodeSFrameHeader, maxHeaderBytes } from "./header.ts";
import { nodeEngine } from "./node-engine.ts";
import { cipherSuiteNames, suites } from "./suites.ts";
import type { CipherSuiteName } from "./suites.ts";
import { windowEngine } from "./window-engine.ts";

/** The same key in both engines; node:crypto's is the measure. */
type Pair = { readonly tagBytes: number; readonly node: FrameCipher; readonly windows: FrameCipher };

function pairOf(suite: CipherSuiteName, seed: Uint8Array, salt: Uint8Array): Pair {
  const { keyBytes, tagBytes } = suites[suite];
  const key = Uint8Array.from({ length: keyBytes }, (_, at) => (seed[at % seed.length] ?? 0) + at);
  const [node, windows] = [nodeEngine, windowEngine].map((engine) =>
    engine.prepare(suites[suite], key, salt),
  );
  if (node === undefined || windows === undefined) throw new Error("no cipher");
  return { tagBytes, node, windows };
}

function seal(
  cipher: FrameCipher,
  tagBytes: number,
  ctr: Uint64,
  frame: Uint8Array,
  metadata?: Uint8Array,
): { message: Uint8Array; headerBytes: number } {
  const header = encodeSFrameHeader(300, ctr);
  const message = new Uint8Array(header.length + frame.length + tagBytes);
  message.set(header);
  cipher.seal(message, header.length, ctr, frame, metadata);
  return { message, headerBytes: header.length };
}

/** Both give the same message, and the window engine opens it. */
function check(
  { node, windows, tagBytes }: Pair,
  ctr: Uint64,
  frame: Uint8Array,
  metadata?: Uint8Array,
): void {
  const { message, headerBytes } = seal(node, tagBytes, ctr, frame, metadata);
  const sealed = seal(windows, tagBytes, ctr, frame, metadata).message;
  const opened = windows.open(message, headerBytes, ctr, metadata);
  // Compared by memory first: many times as fast.
  if (Buffer.compare(sealed, message) !== 0) expect(sealed).toEqual(message);
  if (opened === null || Buffer.compare(opened, frame) !== 0) expect(opened).toEqual(Buffer.from(frame));
}

/** Neither opens a message of which one bit is another, be it in header, ciphertext, tag or metadata. */
function checkTampered(
  pair: Pair,
  ctr: Uint64,
  frame: Uint8Array,
  metadata: Uint8Array,
  where: number,
): void {
  const { message, headerBytes } = seal(pair.node, pair.tagBytes, ctr, frame, metadata);
  const bit = where % ((message.length + metadata.length) * 8);
  const forged = Uint8Array.of(...message, ...metadata);
  forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  const [forgedMessage, forgedMetadata] = [
    forged.subarray(0, message.length),
    forged.subarray(message.length),
  ];
  for (const cipher of [pair.node, pair.windows]) {
    expect(cipher.open(forgedMessage, headerBytes, ctr, forgedMetadata)).toBeNull();
  }
}

const anySuite = fc.constantFrom(...cipherSuiteNames);
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyPair = fc
  .tuple(anySuite, bytesOf(31), bytesOf(12))
  .map(([suite, key, salt]) => pairOf(suite, key, salt));
const anyCounter = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 47 }),
  fc.integer({ min: 2 ** 32 - 200, max: 2 ** 32 + 200 }),
  fc.integer({ min: 2 ** 31 - 200, max: 2 ** 31 + 200 }),
  fc.bigInt({ min: 2n ** 53n - 200n, max: 2n ** 64n - 1n }).map(uint64),
);
/** As they occur, and any other. */
const anyFrame = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.integer({ min: 0, max: 1500 }).chain(bytesOf),
);
const anyMetadata = fc.option(fc.uint8Array({ maxLength: 70 }), { nil: undefined });
/** How one counter follows another. */
const anyStep = fc.oneof(
  { weight: 8, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.constant(-1) },
  fc.integer({ min: -200, max: 200 }),
  fc.constantFrom(windowCounters, 2 * windowCounters, -2 * windowCounters),
);

describe("the window engine gives what node:crypto gives", () => {
  test("for any key, counter, frame and metadata", () => {
    fc.assert(
      fc.property(anyPair, anyCounter, anyFrame, anyMetadata, (pair, ctr, frame, metadata) => {
        // Once without a window, once with one just made, once with one that was there.
        for (let time = 0; time < 3; time++) check(pair, ctr, frame, metadata);
      }),
    );
  });

  test("whatever the order of the counters, with several keys in turn", () => {
    const use = fc.record({ key: fc.nat(2), step: anyStep, frame: anyFrame, metadata: anyMetadata });
    fc.assert(
      fc.property(
        fc.tuple(anyPair, anyPair, anyPair),
        fc.integer({ min: 0, max: 2 ** 47 }),
        fc.array(use, { minLength: 20, maxLength: 60 }),
        (pairs, first, uses) => {
          const counters = pairs.map(() => first);
          for (const { key, step, frame, metadata } of uses) {
            counters[key] = Math.max(0, (counters[key] ?? 0) + step);
            const pair = pairs[key];
            if (pair !== undefined) check(pair, counters[key], frame, metadata);
          }
        },
      ),
    );
  });

  test.each(cipherSuiteNames)("over several windows, forwards and backwards: %s", (suite) => {
    const pair = pairOf(suite, Uint8Array.of(1, 2, 3), new Uint8Array(12).fill(0xa5));
    const counters = Array.from({ length: 3 * windowCounters + 2 }, (_, index) => 2 ** 32 - 70 + index);
    for (const ctr of [...counters, ...counters.toReversed()]) check(pair, ctr, new Uint8Array(80).fill(ctr));
  });

  test.each(cipherSuiteNames)("for each length around the ends of blocks and of the window: %s", (suite) => {
    const pair = pairOf(suite, Uint8Array.of(7), new Uint8Array(12).fill(3));
    for (let length = 0; length <= windowBlocks * 16 + 17; length++)
      check(pair, length, new Uint8Array(length));
    for (let length = 0; length <= 40; length++)
      check(pair, length, new Uint8Array(9), new Uint8Array(length));
  });

  test.each(cipherSuiteNames)("for frames and metadata too long for it: %s", (suite) => {
    const pair = pairOf(suite, Uint8Array.of(7), new Uint8Array(12));
    const [longest, tooLong] = [new Uint8Array(longestBytes), new Uint8Array(longestBytes + 1)];
    check(pair, 1, longest, longest.subarray(maxHeaderBytes));
    check(pair, 2, tooLong);
    check(pair, 3, new Uint8Array(80), tooLong);
  });

  test("with more keys than it has room for", () => {
    const pairs = Array.from({ length: slots + 40 }, (_, index) =>
      pairOf(
        index % 2 === 0 ? "AES_128_GCM_SHA256_128" : "AES_128_CTR_HMAC_SHA256_80",
        Uint8Array.of(index, index >> 8),
        new Uint8Array(12),
      ),
    );
    for (let ctr = 0; ctr < 4; ctr++) for (const pair of pairs) check(pair, ctr, Uint8Array.of(1, 2, 3, ctr));
  });
});

test("neither engine opens what was tampered with, with a window or without", () => {
  fc.assert(
    fc.property(
      anyPair,
      anyCounter,
      anyFrame,
      fc.uint8Array({ maxLength: 70 }),
      fc.array(fc.nat(), { minLength: 3, maxLength: 6 }),
      (pair, ctr, frame, metadata, places) => {
        for (const where of places) checkTampered(pair, ctr, frame, metadata, where);
        check(pair, ctr, frame, metadata);
      },
    ),
  );
});

test("a key and a salt that are overwritten after they were handed over stay what they were", () => {
  for (const suite of cipherSuiteNames) {
    const key = new Uint8Array(suites[suite].keyBytes).fill(1);
    const salt = new Uint8Array(12).fill(2);
    const cipher = windowEngine.prepare(suites[suite], key, salt);
    const expected = windowEngine.prepare(suites[suite], key.slice(), salt.slice());
    key.fill(0);
    salt.fill(0);
    for (const length of [40, longestBytes + 1]) {
      const [message, same] = [cipher, expected].map(
        (each) => seal(each, suites[suite].tagBytes, 1, new Uint8Array(length)).message,
      );
      expect(message).toEqual(same);
    }
  }
});
