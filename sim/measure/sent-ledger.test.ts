import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameRing, popCount, ringFrames, SentLedger, SentStream, type SentBatch } from "./sent-ledger.ts";
import { frameMs } from "../util/opus-frame.ts";

function batch(fields: Partial<SentBatch>): SentBatch {
  return {
    streamId: "s",
    frameZeroDueMs: 0,
    throughFrame: 0,
    frames: [],
    unsent: [],
    ended: false,
    ...fields,
  };
}

describe("a ring of frames", () => {
  /** Mostly forwards in small steps, sometimes back, sometimes far ahead: as packets come. */
  const walk = fc
    .tuple(
      fc.integer({ min: 0, max: 2_000_000 }),
      fc.array(
        fc.oneof(
          { weight: 20, arbitrary: fc.integer({ min: -40, max: 60 }) },
          { weight: 2, arbitrary: fc.integer({ min: -ringFrames - 100, max: ringFrames + 100 }) },
          { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
        ),
        { minLength: 1, maxLength: 150 },
      ),
    )
    .map(([start, steps]) => {
      let at = start;
      return steps.map((step) => (at = Math.max(0, at + step)));
    });

  test("is a set of frames that forgets what is older than it reaches", () => {
    fc.assert(
      fc.property(walk, (frames) => {
        const ring = new FrameRing();
        const model = new Set<number>();
        let newestWord = -1;
        for (const frame of frames) {
          const word = frame >>> 5;
          newestWord = Math.max(newestWord, word);
          const reached = word > newestWord - ringFrames / 32;
          expect(ring.set(frame)).toBe(reached && !model.has(frame));
          if (reached) model.add(frame);
          for (const old of model) if (old >>> 5 <= newestWord - ringFrames / 32) model.delete(old);
        }
        for (let word = Math.max(0, newestWord - 40); word <= newestWord + 2; word++) {
          const present = Array.from({ length: 32 }, (_, bit) => model.has(word * 32 + bit));
          expect(Array.from({ length: 32 }, (_, bit) => ((ring.word(word) >>> bit) & 1) === 1)).toEqual(
            present,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test("holds nothing at first, not even frame 0", () => {
    const ring = new FrameRing();
    expect(ring.word(0)).toBe(0);
    expect(ring.set(0)).toBe(true);
    expect(ring.set(0)).toBe(false);
  });
});

test("popCount counts the bits of any 32-bit word", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), (word) => {
      expect(popCount(word)).toBe((word >>> 0).toString(2).replaceAll("0", "").length);
    }),
  );
});

describe("a sent stream", () => {
  test("finds the first frame due at or after an instant", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e8, noNaN: true }),
        (zeroMs, afterMs) => {
          const stream = new SentStream(batch({ frameZeroDueMs: zeroMs }));
          const instant = zeroMs + afterMs;
          const frame = stream.frameAt(instant);
          // To a microsecond: so much do doubles of this size round.
          expect(stream.dueMs(frame)).toBeGreaterThanOrEqual(instant - 0.001);
          expect(stream.dueMs(frame - 1)).toBeLessThan(instant + 0.001);
        },
      ),
    );
  });

  test("has no frame before the first that was due, sent or not, or that was known of when nothing was", () => {
    expect(new SentStream(batch({ frames: [7], unsent: [5, 6], throughFrame: 12 })).firstFrame).toBe(5);
    expect(new SentStream(batch({ frames: [], unsent: [5], throughFrame: 12 })).firstFrame).toBe(5);
    expect(new SentStream(batch({ frames: [7, 9], throughFrame: 12 })).firstFrame).toBe(7);
    expect(new SentStream(batch({ frames: [], throughFrame: 12 })).firstFrame).toBe(13);
  });
});

describe("the ledger", () => {
  test("holds what could not be sent as due: whoever listens is to have heard it", () => {
    const ledger = new SentLedger();
    ledger.record(batch({ frames: [1, 4], unsent: [2, 3], throughFrame: 5 }));
    expect(ledger.sentBetween(0, 6 * frameMs)).toBe(4);
    expect(ledger.streams.get("s")?.sent.word(0)).toBe(0b11110);
  });

  test("adds up a stream's batches, and keeps streams apart", () => {
    const ledger = new SentLedger();
    ledger.record(batch({ streamId: "a", frames: [1, 2], throughFrame: 3 }));
    ledger.record(batch({ streamId: "b", frames: [5], throughFrame: 5 }));
    ledger.record(batch({ streamId: "a", frames: [4], throughFrame: 6 }));
    expect(ledger.streams.get("a")?.sent.word(0)).toBe(0b10110);
    expect(ledger.streams.get("b")?.sent.word(0)).toBe(0b100000);
    expect(ledger.streams.get("a")?.firstFrame).toBe(1);
  });

  test("is complete before an instant once every stream is accounted for up to there", () => {
    const ledger = new SentLedger();
    expect(ledger.isCompleteBefore(1e9)).toBe(true);
    ledger.record(batch({ streamId: "a", throughFrame: 9 }));
    ledger.record(batch({ streamId: "b", throughFrame: 4, frameZeroDueMs: 3 }));
    // Frame 5 of b is due at 103 ms and not known; all before it is.
    expect(ledger.isCompleteBefore(103)).toBe(true);
    expect(ledger.isCompleteBefore(103.1)).toBe(false);
    ledger.record(batch({ streamId: "b", throughFrame: 40, frameZeroDueMs: 3 }));
    expect(ledger.isCompleteBefore(10 * frameMs)).toBe(true);
    expect(ledger.isCompleteBefore(10 * frameMs + 0.1)).toBe(false);
  });

  test("does not wait for a stream that has ended", () => {
    const ledger = new SentLedger();
    ledger.record(batch({ throughFrame: 1 }));
    expect(ledger.isCompleteBefore(10_000)).toBe(false);
    ledger.record(batch({ throughFrame: 1, ended: true }));
    expect(ledger.isCompleteBefore(10_000)).toBe(true);
  });
});
