import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { monotonicMs, type Clock } from "../util/clock.ts";
import { EventLoopMonitor } from "./event-loop.ts";

let nowMs = 0;
const clock: Clock = { now: () => monotonicMs(nowMs) };

beforeEach(() => {
  nowMs = 1000;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** The observations, in ms. */
function observed(monitor: EventLoopMonitor): { n: number; maxMs: number; sumMs: number } {
  const { n, max, sum } = monitor.delay;
  return { n, maxMs: Math.round((max ?? 0) * 1000), sumMs: Math.round(sum * 1000) };
}

describe("the event loop's delay", () => {
  test("is what the timer is late by", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    monitor.tick(1020);
    monitor.tick(1047);
    monitor.stop();
    expect(observed(monitor)).toEqual({ n: 2, maxMs: 7, sumMs: 7 });
  });

  test("of a hold-up is observed for every period that it swallowed, as all that was due meanwhile waited", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    monitor.tick(1020 + 105);
    monitor.stop();
    // 105, 85, 65, 45, 25 and 5 ms.
    expect(observed(monitor)).toEqual({ n: 6, maxMs: 105, sumMs: 330 });
  });

  test("is counted from the last firing on: one hold-up is not observed again", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    monitor.tick(1120);
    const { n } = monitor.delay;
    monitor.tick(1140);
    monitor.stop();
    expect(monitor.delay.n).toBe(n + 1);
    expect(monitor.delay.min).toBe(0);
  });

  test("is never negative, though a timer may fire a little early", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    monitor.tick(1019.6);
    monitor.stop();
    expect(observed(monitor)).toEqual({ n: 1, maxMs: 0, sumMs: 0 });
  });
});

describe("the monitor", () => {
  test("observes 50 times a second from start to stop", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.start();
    for (let tick = 0; tick < 50; tick++) {
      nowMs += 20;
      vi.advanceTimersByTime(20);
    }
    expect(observed(monitor)).toEqual({ n: 50, maxMs: 0, sumMs: 0 });
    monitor.stop();
    vi.advanceTimersByTime(1000);
    expect(monitor.delay.n).toBe(50);
  });

  test("can be stopped twice, and without having been started", () => {
    const monitor = new EventLoopMonitor(clock);
    monitor.stop();
    monitor.start();
    monitor.stop();
    monitor.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
