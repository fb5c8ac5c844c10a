import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "../util/random.ts";
import { JitterBuffer } from "./jitter-buffer.ts";

const pathMs = 30;

type Outcome = { late: number; meanDelayMs: number };

/** Frames of 20 ms over a path that adds jitter and keeps order; the delay counts from the fastest arrival, for frames played. */
function play(
  buffer: JitterBuffer,
  frames: number,
  jitterMs: (frame: number) => number,
  fromFrame = 0,
): Outcome {
  let late = 0;
  let delaySumMs = 0;
  let lastArrivalMs = 0;
  for (let frame = fromFrame; frame < fromFrame + frames; frame++) {
    const captureMs = frame * 20;
    lastArrivalMs = Math.max(lastArrivalMs, captureMs + pathMs + jitterMs(frame));
    buffer.arrive(captureMs, lastArrivalMs, false);
    if (buffer.late) late++;
    else delaySumMs += buffer.playoutMs - captureMs - pathMs;
  }
  return { late, meanDelayMs: delaySumMs / (frames - late) };
}

function outcomeOf(jitterMs: (random: Random) => number): { latePercent: number; meanDelayMs: number } {
  const random = createRandom("jitter");
  const frames = 30_000;
  const { late, meanDelayMs } = play(new JitterBuffer(), frames, () => jitterMs(random));
  return { latePercent: (100 * late) / frames, meanDelayMs };
}

describe("JitterBuffer", () => {
  test("holds the first packet for 80 ms", () => {
    const buffer = new JitterBuffer();
    expect(buffer.arrive(1000, 1030, true)).toBe(80);
    expect(buffer.playoutMs).toBe(1110);
    expect(buffer.late).toBe(false);
  });

  test("comes down to one bucket of 20 ms without jitter, by 2 ms a frame", () => {
    const buffer = new JitterBuffer();
    let lastPlayoutMs = NaN;
    for (let frame = 0; frame < 40; frame++) {
      buffer.arrive(frame * 20, frame * 20 + pathMs, false);
      if (frame > 0) expect(buffer.playoutMs - lastPlayoutMs).toBeGreaterThanOrEqual(18);
      lastPlayoutMs = buffer.playoutMs;
    }
    expect(buffer.playoutMs - 39 * 20 - pathMs).toBe(20);
  });

  test("has nothing late within 40 ms on a LAN", () => {
    const { latePercent, meanDelayMs } = outcomeOf((random) => random.exponential(0.7));
    expect(latePercent).toBe(0);
    expect(meanDelayMs).toBeLessThanOrEqual(40);
  });

  test("has 1 to 3 % late at 40 to 60 ms on Wi-Fi", () => {
    const { latePercent, meanDelayMs } = outcomeOf((random) => random.exponential(12));
    expect(latePercent).toBeGreaterThan(1);
    expect(latePercent).toBeLessThan(3);
    expect(meanDelayMs).toBeGreaterThan(40);
    expect(meanDelayMs).toBeLessThan(60);
  });

  test("has 1 to 3 % late at 90 to 120 ms on LTE", () => {
    const { latePercent, meanDelayMs } = outcomeOf((random) => random.exponential(26));
    expect(latePercent).toBeGreaterThan(1);
    expect(latePercent).toBeLessThan(3);
    expect(meanDelayMs).toBeGreaterThan(90);
    expect(meanDelayMs).toBeLessThan(120);
  });

  test("conceals a step of the path's delay once, then goes on without late packets, and comes down again after", () => {
    const buffer = new JitterBuffer();
    play(buffer, 500, () => 0);
    const { late } = play(buffer, 100, () => 200, 500);
    // 180 ms more than it held: nine frames.
    expect(late).toBe(9);
    expect(play(buffer, 400, () => 200, 600).late).toBe(0);
    expect(buffer.playoutMs - 999 * 20 - pathMs - 200).toBe(20);
    expect(play(buffer, 500, () => 0, 1000).late).toBe(0);
    expect(buffer.playoutMs - 1499 * 20 - pathMs).toBe(20);
  });

  test("makes no more late packets of a burst than the burst is long", () => {
    const buffer = new JitterBuffer();
    play(buffer, 500, () => 0);
    // Frames 500 to 509 are held up and arrive together, 180 ms after the first was sent.
    const { late } = play(buffer, 100, (frame) => (frame < 510 ? (509 - frame) * 20 : 0), 500);
    expect(late).toBeGreaterThan(2);
    expect(late).toBeLessThanOrEqual(9);
  });

  test("goes to the target at once when a talkspurt begins, marked or after a stretch of DTX", () => {
    for (const marked of [true, false]) {
      const buffer = new JitterBuffer();
      buffer.arrive(0, pathMs, true);
      buffer.arrive(20, 20 + pathMs, false);
      buffer.arrive(1000, 1000 + pathMs, marked);
      expect(buffer.playoutMs).toBe(1000 + pathMs + 20);
    }
  });

  test("does not cut short what is still to be played when a talkspurt follows close", () => {
    const buffer = new JitterBuffer();
    buffer.arrive(0, pathMs, true);
    expect(buffer.playoutMs).toBe(pathMs + 80);
    buffer.arrive(40, 40 + pathMs, true);
    expect(buffer.playoutMs).toBe(pathMs + 100);
  });

  test("plays a talkspurt's delayed first packet when it comes: the silence lasts longer", () => {
    const buffer = new JitterBuffer();
    play(buffer, 200, () => 0);
    buffer.arrive(5000, 5000 + pathMs + 90, true);
    expect(buffer.late).toBe(false);
    expect(buffer.playoutMs).toBe(5000 + pathMs + 90);
  });

  test("plays a packet out of order in its place, or says that it is late, and does not move for it", () => {
    const buffer = new JitterBuffer();
    play(buffer, 200, () => 0);
    buffer.arrive(4020, 4020 + pathMs, false);
    const newestMs = buffer.playoutMs;
    buffer.arrive(4000, 4031, false);
    expect(buffer).toMatchObject({ late: false, playoutMs: newestMs - 20 });
    buffer.arrive(3980, 4100, false);
    expect(buffer.late).toBe(true);
    buffer.arrive(4040, 4040 + pathMs, false);
    expect(buffer.playoutMs).toBe(newestMs + 20);
  });

  test("starts anew after the capturing or the arrival clock was set, in either direction", () => {
    for (const [captureJumpMs, arrivalJumpMs] of [
      [60_000, 0],
      [-60_000, 0],
      [0, 60_000],
      [0, -60_000],
    ] as const) {
      const buffer = new JitterBuffer();
      for (let frame = 5000; frame < 5200; frame++) buffer.arrive(frame * 20, frame * 20 + pathMs, false);
      let late = 0;
      for (let frame = 5200; frame < 5400; frame++) {
        const captureMs = frame * 20 + captureJumpMs;
        const arrivalMs = frame * 20 + pathMs + arrivalJumpMs;
        buffer.arrive(captureMs, arrivalMs, false);
        if (buffer.late) late++;
        if (frame === 5399) expect(buffer.playoutMs - arrivalMs).toBe(20);
      }
      expect(late).toBeLessThanOrEqual(5);
    }
  });

  test("is not moved by a stray packet from long ago", () => {
    const buffer = new JitterBuffer();
    play(buffer, 500, () => 0);
    buffer.arrive(1000, 9990, false);
    expect(buffer.late).toBe(true);
    buffer.arrive(10_000, 10_000 + pathMs, false);
    expect(buffer.playoutMs).toBe(10_000 + pathMs + 20);
  });

  test("says late exactly when the wait is negative, and stays within its range, whatever comes", () => {
    const packets = fc.array(
      fc.record({
        captureMs: fc.integer({ min: 0, max: 20_000 }),
        delayMs: fc.double({ min: -3000, max: 6000, noNaN: true }),
        isNewTalkspurt: fc.boolean(),
      }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(packets, (arrivals) => {
        const buffer = new JitterBuffer();
        for (const { captureMs, delayMs, isNewTalkspurt } of arrivals) {
          const waitMs = buffer.arrive(captureMs, captureMs + delayMs, isNewTalkspurt);
          expect(waitMs).toBeCloseTo(buffer.playoutMs - captureMs - delayMs, 6);
          expect(buffer.late).toBe(waitMs < 0);
          expect(Number.isFinite(buffer.playoutMs)).toBe(true);
          expect(buffer.targetDelayMs).toBeGreaterThanOrEqual(20);
          expect(buffer.targetDelayMs).toBeLessThanOrEqual(2000);
        }
      }),
    );
  });
});
