import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { monotonicMs, systemWallClock } from "../util/clock.ts";
import { Drain } from "./drain.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server with so many participants, who go when they are told to. */
function serverOf(participants: number) {
  const server = { inside: participants, told: [] as number[] };
  const startedAtMs = systemWallClock.nowUnixMs();
  const drain = new Drain({
    clock: { now: () => monotonicMs(systemWallClock.nowUnixMs() - startedAtMs) },
    population: () => server.inside,
    tell: (deadlineMs) => server.told.push(deadlineMs),
    cut: () => {
      while (server.inside > 0) go("removed");
    },
  });
  const go = (how: "left" | "disconnected" | "removed"): void => {
    server.inside--;
    drain.gone(how);
  };
  return { server, drain, go };
}

describe("a drain", () => {
  test("of an empty server is done at once", async () => {
    const { drain } = serverOf(0);
    expect(await drain.run(60_000)).toMatchObject({
      state: "done",
      participants: 0,
      cut: 0,
      deadlineInMs: null,
    });
  });

  test("waits until all have left, and tells them of the deadline", async () => {
    const { server, drain, go } = serverOf(2);
    const done = drain.run(60_000);
    expect(drain.on).toBe(true);
    expect(server.told).toEqual([60_000]);
    go("left");
    expect(drain.status()).toMatchObject({ state: "draining", left: 1, remaining: 1, deadlineInMs: 60_000 });
    go("disconnected");
    expect(await done).toMatchObject({ state: "done", participants: 2, left: 1, disconnected: 1, cut: 0 });
    expect(drain.on).toBe(true);
  });

  test("cuts at the deadline who is still there", async () => {
    const { server, drain, go } = serverOf(3);
    const done = drain.run(60_000);
    go("left");
    vi.advanceTimersByTime(59_999);
    expect(server.inside).toBe(2);
    vi.advanceTimersByTime(1);
    expect(await done).toEqual({
      state: "done",
      participants: 3,
      left: 1,
      disconnected: 0,
      removed: 0,
      cut: 2,
      remaining: 0,
      deadlineInMs: null,
    });
  });

  test("without a deadline to speak of cuts at once, and tells nobody of it beforehand", async () => {
    const { server, drain } = serverOf(3);
    expect(await drain.run(0)).toMatchObject({ state: "done", cut: 3 });
    expect(server.told).toEqual([]);
  });

  test("asked for again can end earlier, not later, and both are answered alike", async () => {
    const { drain } = serverOf(1);
    const first = drain.run(60_000);
    const later = drain.run(90_000);
    expect(drain.status().deadlineInMs).toBe(60_000);
    const earlier = drain.run(1000);
    expect(drain.status().deadlineInMs).toBe(1000);
    vi.advanceTimersByTime(1000);
    const answers = await Promise.all([first, later, earlier, drain.run(5)]);
    for (const answer of answers) expect(answer).toMatchObject({ state: "done", cut: 1 });
  });

  test("counts who was on the way in when it began", async () => {
    const { server, drain, go } = serverOf(1);
    const done = drain.run(60_000);
    server.inside++;
    drain.arrived();
    go("left");
    go("left");
    expect(await done).toMatchObject({ participants: 2, left: 2, remaining: 0 });
  });

  test("that has not begun counts nobody", () => {
    const { drain, go } = serverOf(2);
    go("left");
    expect(drain.status()).toMatchObject({ state: "off", left: 0, participants: 0, remaining: 0 });
    expect(drain.on).toBe(false);
  });

  test("accounts for everybody, however they go", async () => {
    const ways = fc.array(fc.constantFrom("left" as const, "disconnected" as const, "removed" as const), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(ways, fc.nat(30), async (goers, stayers) => {
        const { drain, go } = serverOf(goers.length + stayers);
        const done = drain.run(1000);
        for (const how of goers) go(how);
        vi.advanceTimersByTime(1000);
        const { left, disconnected, removed, cut, remaining, participants } = await done;
        expect([left, disconnected, removed]).toEqual(
          ["left", "disconnected", "removed"].map((way) => goers.filter((how) => how === way).length),
        );
        expect(cut).toBe(stayers);
        expect(left + disconnected + removed + cut + remaining).toBe(participants);
        expect(remaining).toBe(0);
      }),
    );
  });
});
