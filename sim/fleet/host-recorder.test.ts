import { afterEach, describe, expect, test, vi } from "vitest";
import { SessionError } from "../participant/errors.ts";
import { monotonicMs, systemClock } from "../util/clock.ts";
import { HostRecorder } from "./host-recorder.ts";

const recorders: HostRecorder[] = [];
let nowMs = 10_000;

function recorder(): HostRecorder {
  nowMs = 10_000;
  const made = new HostRecorder({
    name: "audience-0",
    kind: "audience",
    runStartMs: 10_000,
    clock: { now: () => monotonicMs(nowMs) },
  });
  recorders.push(made);
  return made;
}

afterEach(() => {
  for (const made of recorders.splice(0)) made.eventLoop.stop();
  vi.restoreAllMocks();
});

const media = { address: "127.0.0.1", port: 4000 };
const signalling = { address: "127.0.0.1", port: 7880 };

describe("a host's record", () => {
  test("counts joins, leaves and failures in the seconds in which they were", () => {
    const made = recorder();
    made.recordJoin(40, { media, signalling });
    nowMs += 1999;
    made.recordJoin(60, { media, signalling });
    made.recordFailure(new SessionError("disconnected", "gone"));
    nowMs += 1;
    made.recordLeave();
    const { seconds } = made.report();
    expect(seconds.map(({ second, joined, failed, left }) => ({ second, joined, failed, left }))).toEqual([
      { second: 0, joined: 1, failed: 0, left: 0 },
      { second: 1, joined: 1, failed: 1, left: 0 },
      { second: 2, joined: 0, failed: 0, left: 1 },
    ]);
    expect(made.join.n).toBe(2);
    expect(made.join.max).toBe(0.06);
  });

  test("gives seconds in order, though they were not noted in order", () => {
    const made = recorder();
    made.second(7).sent++;
    made.second(3).sent++;
    expect(made.report().seconds.map(({ second }) => second)).toEqual([3, 7]);
  });

  test("adds up failures of one cause and message, and names the commonest", () => {
    const made = recorder();
    expect(made.commonestFailure).toBeNull();
    made.recordFailureToJoin(new SessionError("ice", "no answer"));
    made.recordFailure(new SessionError("cut", "its VU went"));
    made.recordFailure(new SessionError("cut", "its VU went"));
    made.recordFailure(new SessionError("disconnected", "no answer"));
    const report = made.report();
    expect(report.failures).toEqual([
      { cause: "ice", message: "no answer", count: 1 },
      { cause: "cut", message: "its VU went", count: 2 },
      { cause: "disconnected", message: "no answer", count: 1 },
    ]);
    expect(report.failedToJoin).toBe(1);
    expect(made.failed).toBe(4);
    expect(made.commonestFailure).toBe("its VU went (2)");
  });

  test("names each address once with how often it was talked to, and none that is not known", () => {
    const made = recorder();
    made.recordJoin(1, { media, signalling });
    made.recordJoin(1, { media, signalling: undefined });
    expect(made.report().destinations).toEqual([
      { ...signalling, protocol: "tcp", purpose: "signalling", process: "audience-0", connections: 1 },
      { ...media, protocol: "udp", purpose: "media", process: "audience-0", connections: 2 },
    ]);
  });
});

test("CPU time is counted from the making of the record on, over the time since then", () => {
  const startedAt = systemClock.now();
  // The process has spent some before: its start and its imports.
  const before = process.cpuUsage();
  expect(before.user).toBeGreaterThan(0);
  const made = recorder();
  const { usage } = made.report();
  expect(usage.cpuSeconds).toBeLessThanOrEqual((systemClock.now() - startedAt) / 1000 + 0.05);
  expect(usage.cpuSeconds).toBeLessThan((before.user + before.system) / 1e6);
  nowMs += 2500;
  expect(made.report().usage.wallSeconds).toBe(2.5);
});
