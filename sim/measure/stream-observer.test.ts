import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SentLedger, type SentStream } from "./sent-ledger.ts";
import { StreamObserver } from "./stream-observer.ts";
import { frameMs } from "../util/opus-frame.ts";

/** A stream whose account is complete: frames from `firstFrame` on, sent where `sent` says so. */
function streamOf(options: {
  frameZeroDueMs: number;
  firstFrame: number;
  sent: readonly boolean[];
}): SentStream {
  const { frameZeroDueMs, firstFrame, sent } = options;
  const ledger = new SentLedger();
  const frames = sent.flatMap((isSent, index) => (isSent ? [firstFrame + index] : []));
  ledger.record({
    streamId: "s",
    frameZeroDueMs,
    frames,
    unsent: [],
    throughFrame: firstFrame + sent.length,
    ended: false,
  });
  return ledger.streams.get("s") as SentStream;
}

type Step =
  | { kind: "open" | "close" | "settle"; atMs: number }
  | { kind: "arrive"; atMs: number; frame: number };

/** Up to 6 s of a stream, arrivals, windows and settlings, in order of time. */
const story = fc
  .record({
    frameZeroDueMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
    firstFrame: fc.integer({ min: 0, max: 1_001_000 }),
    sent: fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
    // How long each is on its way, if it arrives; a packet is never there before it was sent.
    fates: fc.array(fc.option(fc.double({ min: 0.01, max: 2500, noNaN: true }), { freq: 4 }), {
      minLength: 300,
      maxLength: 300,
    }),
    // An edge within a frame, or just where a frame is due.
    edges: fc.array(
      fc.record({
        index: fc.integer({ min: -10, max: 310 }),
        offset: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
        open: fc.boolean(),
      }),
      { maxLength: 8 },
    ),
    settles: fc.array(fc.record({ atMs: fc.double({ min: 0, max: 9000, noNaN: true }), lag: fc.nat(3000) }), {
      maxLength: 12,
    }),
  })
  .map(({ frameZeroDueMs, firstFrame, sent, fates, edges, settles }) => {
    const stream = streamOf({ frameZeroDueMs, firstFrame, sent });
    const startMs = stream.dueMs(firstFrame);
    const steps: Step[] = [];
    sent.forEach((isSent, index) => {
      const delayMs = fates[index] ?? null;
      const frame = firstFrame + index;
      if (isSent && delayMs !== null)
        steps.push({ kind: "arrive", atMs: stream.dueMs(frame) + delayMs, frame });
    });
    for (const { index, offset, open } of edges) {
      const atMs = stream.dueMs(firstFrame + index) + offset * frameMs;
      steps.push({ kind: open ? "open" : "close", atMs });
    }
    for (const { atMs } of settles) steps.push({ kind: "settle", atMs: startMs + atMs });
    steps.sort((a, b) => a.atMs - b.atMs);
    return { stream, steps, lags: settles.map(({ lag }) => lag), firstFrame, sent };
  });

describe("settling", () => {
  test("finds what a slow and simple count finds, however it is split", () => {
    fc.assert(
      fc.property(story, ({ stream, steps, lags, firstFrame, sent }) => {
        const observer = new StreamObserver();
        const found = { expected: 0, lost: 0 };
        let heard = 0;
        // The simple count: windows as pairs of frames, and by which settling each frame was settled.
        const windows: { from: number; to: number }[] = [];
        const arrived = new Set<number>();
        const model = { expected: 0, lost: 0, heard: 0 };
        let settledBefore = 0;
        const inWindow = (frame: number): boolean =>
          windows.some(({ from, to }) => frame >= from && frame < to);
        const settle = (beforeMs: number): void => {
          observer.settle(stream, beforeMs, found);
          for (let index = 0; index < sent.length; index++) {
            const frame = firstFrame + index;
            if (frame < settledBefore || frame >= stream.frameAt(beforeMs)) continue;
            if (sent[index] !== true || !inWindow(frame)) continue;
            model.expected++;
            if (!arrived.has(frame)) model.lost++;
          }
          settledBefore = Math.max(settledBefore, stream.frameAt(beforeMs));
        };
        let lastBeforeMs = -Infinity;
        for (const step of steps) {
          const last = windows.at(-1);
          switch (step.kind) {
            case "open":
              observer.open(step.atMs);
              if (last?.to !== Infinity) windows.push({ from: stream.frameAt(step.atMs), to: Infinity });
              break;
            case "close":
              observer.close(step.atMs);
              if (last?.to === Infinity) last.to = stream.frameAt(step.atMs);
              break;
            case "arrive":
              expect(observer.arrive(step.frame)).toBe(true);
              if (observer.isExpected(stream, step.frame)) heard++;
              arrived.add(step.frame);
              if (inWindow(step.frame) && step.frame >= settledBefore) model.heard++;
              break;
            case "settle":
              lastBeforeMs = Math.max(lastBeforeMs, step.atMs - (lags.shift() ?? 0));
              settle(lastBeforeMs);
              break;
          }
        }
        settle(stream.dueMs(firstFrame + 400));
        expect({ ...found, heard }).toEqual(model);
        // What was heard on arrival is just what settling did not find lost.
        expect(heard).toBe(found.expected - found.lost);
      }),
      { numRuns: 1000 },
    );
  });

  test("keeps up with a stream that is far longer than its ring", () => {
    const frames = 10_000;
    const ledger = new SentLedger();
    const observer = new StreamObserver();
    const found = { expected: 0, lost: 0 };
    observer.open(0);
    for (let frame = 0; frame < frames; frame++) {
      ledger.record({
        streamId: "s",
        frameZeroDueMs: 0,
        frames: [frame],
        unsent: [],
        throughFrame: frame,
        ended: false,
      });
      if (frame % 7 !== 0) observer.arrive(frame);
      const stream = ledger.streams.get("s") as SentStream;
      if (frame % 50 === 49) observer.settle(stream, (frame - 75) * frameMs, found);
    }
    observer.settle(ledger.streams.get("s") as SentStream, frames * frameMs, found);
    expect(found).toEqual({ expected: frames, lost: Math.ceil(frames / 7) });
  });

  test("counts nothing twice when it is asked again, or for an earlier instant", () => {
    const stream = streamOf({
      frameZeroDueMs: 5,
      firstFrame: 100,
      sent: Array.from({ length: 50 }, () => true),
    });
    const observer = new StreamObserver();
    observer.open(0);
    const found = { expected: 0, lost: 0 };
    for (const beforeMs of [stream.dueMs(120), stream.dueMs(120), stream.dueMs(110), stream.dueMs(125)]) {
      observer.settle(stream, beforeMs, found);
    }
    expect(found).toEqual({ expected: 25, lost: 25 });
  });
});

describe("windows", () => {
  const stream = streamOf({
    frameZeroDueMs: 0,
    firstFrame: 0,
    sent: Array.from({ length: 100 }, () => true),
  });
  const expected = (observer: StreamObserver): number[] =>
    Array.from({ length: 100 }, (_, frame) => frame).filter((frame) => observer.isExpected(stream, frame));

  test("are half open: the frame due at the beginning is in, the one due at the end is out", () => {
    const observer = new StreamObserver();
    observer.open(40);
    observer.close(80);
    expect(expected(observer)).toEqual([2, 3]);
  });

  test("that open ahead of time begin earlier when opened before that", () => {
    const observer = new StreamObserver();
    observer.open(1900);
    expect(expected(observer)).toEqual([95, 96, 97, 98, 99]);
    observer.open(1880);
    expect(expected(observer)).toEqual([94, 95, 96, 97, 98, 99]);
    observer.open(1960);
    expect(expected(observer)).toHaveLength(6);
  });

  test("that close before they began are empty", () => {
    const observer = new StreamObserver();
    observer.open(100);
    observer.close(60);
    expect(expected(observer)).toEqual([]);
  });

  test("do not open by being closed", () => {
    const observer = new StreamObserver();
    observer.close(60);
    expect(expected(observer)).toEqual([]);
  });
});

test("an arrival is new once, a duplicate afterwards, and nothing when it is older than the ring", () => {
  const observer = new StreamObserver();
  expect(observer.arrive(5000)).toBe(true);
  expect(observer.arrive(5000)).toBe(false);
  expect(observer.arrive(5000 - 1100)).toBe(false);
  expect(observer.arrive(4999)).toBe(true);
});
