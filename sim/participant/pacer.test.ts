import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { monotonicMs, systemClock, type Clock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import { Pacer, type Paced } from "./pacer.ts";

type Tick = { who: string; frame: number; atMs: number };

/** Notes its ticks. */
function paced(who: string, frameZeroDueMs: number, ticks: Tick[], clock: Clock): Paced {
  return {
    frameZeroDueMs,
    tick: (frame) => {
      ticks.push({ who, frame, atMs: clock.now() });
    },
  };
}

describe("with time at hand", () => {
  // `performance` is faked too: the clock stands still between timers.
  const clock: Clock = { now: () => monotonicMs(performance.now()) };

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("every frame is ticked once, in order, from the first one asked for", () => {
    const ticks: Tick[] = [];
    const pacer = new Pacer({ clock, lateness: new Histogram() });
    const stop = pacer.start(paced("a", clock.now() - 95, ticks, clock), 5);
    vi.advanceTimersByTime(300);
    stop();
    expect(ticks.map(({ frame }) => frame)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test("no tick begins more than the slack before it is due, nor a timer's grain after", () => {
    const ticks: Tick[] = [];
    const lateness = new Histogram();
    const pacer = new Pacer({ clock, lateness });
    const startMs = clock.now();
    const stops = [3.3, 9.1, 16].map((phase) =>
      pacer.start(paced(String(phase), startMs + phase, ticks, clock), 0),
    );
    vi.advanceTimersByTime(400);
    for (const stop of stops) stop();
    expect(ticks.length).toBe(60);
    for (const { who, frame, atMs } of ticks) {
      const dueMs = startMs + Number(who) + frame * 20;
      // What is left is waited for in place, on the real clock, which this one does not see.
      expect(dueMs - atMs).toBeLessThan(2.2);
      expect(dueMs - atMs).toBeGreaterThan(-1);
    }
    expect(lateness.n).toBe(60);
  });

  test("of several speakers whoever is due first ticks first", () => {
    const ticks: Tick[] = [];
    const pacer = new Pacer({ clock, lateness: new Histogram() });
    const startMs = clock.now() + 50;
    const phases: [string, number][] = [
      ["a", 12],
      ["b", 4],
      ["c", 8],
    ];
    const stops = phases.map(([who, phase]) => pacer.start(paced(who, startMs + phase, ticks, clock), 0));
    vi.advanceTimersByTime(110);
    for (const stop of stops) stop();
    expect(ticks.map(({ who, frame }) => `${who}${frame}`)).toEqual([
      "b0",
      "c0",
      "a0",
      "b1",
      "c1",
      "a1",
      "b2",
      "c2",
      "a2",
    ]);
  });

  test("frames that are overdue are all ticked, and their lateness is told from when they were due", () => {
    const ticks: Tick[] = [];
    const lateness = new Histogram();
    const pacer = new Pacer({ clock, lateness });
    const stop = pacer.start(paced("a", clock.now() - 100, ticks, clock), 0);
    vi.advanceTimersByTime(10);
    stop();
    expect(ticks.map(({ frame }) => frame)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(lateness.max).toBeCloseTo(0.1, 3);
  });

  test("a speaker that stops is ticked no more, and one that stopped all leaves no timer", () => {
    const ticks: Tick[] = [];
    const pacer = new Pacer({ clock, lateness: new Histogram() });
    const stopA = pacer.start(paced("a", clock.now(), ticks, clock), 1);
    const stopB = pacer.start(paced("b", clock.now() + 5, ticks, clock), 1);
    vi.advanceTimersByTime(30);
    stopA();
    stopA();
    const before = ticks.filter(({ who }) => who === "a").length;
    vi.advanceTimersByTime(100);
    expect(ticks.filter(({ who }) => who === "a")).toHaveLength(before);
    expect(ticks.filter(({ who }) => who === "b").length).toBeGreaterThan(4);
    stopB();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a speaker may stop inside its own tick", () => {
    const frames: number[] = [];
    const pacer = new Pacer({ clock, lateness: new Histogram() });
    const stop = pacer.start(
      {
        frameZeroDueMs: clock.now(),
        tick: (frame) => {
          frames.push(frame);
          if (frame === 2) stop();
        },
      },
      0,
    );
    vi.advanceTimersByTime(200);
    expect(frames).toEqual([0, 1, 2]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("the event loop turns between ticks, though a large stage always has one due within a millisecond", async () => {
  const speakers = 50;
  const wanted = 250;
  const pacer = new Pacer({ clock: systemClock, lateness: new Histogram() });
  const startMs = systemClock.now();
  const stops: (() => void)[] = [];
  let ticks = 0;
  let turns = 0;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      turns++;
      if (ticks < wanted) setImmediate(turn);
      else resolve();
    };
    for (let index = 0; index < speakers; index++) {
      const tick = (): void => {
        if (++ticks === wanted) for (const stop of stops) stop();
      };
      stops.push(pacer.start({ frameZeroDueMs: startMs + (index * 20) / speakers, tick }, 0));
    }
    setImmediate(turn);
  });
  expect(ticks).toBe(wanted);
  expect(turns).toBeGreaterThanOrEqual(wanted - 1);
});
