import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SessionError } from "./errors.ts";
import { SessionBreak } from "./session-break.ts";

const removed = new SessionError("removed", "kicked");
const later = new SessionError("disconnected", "gone");

describe("a break while joining", () => {
  test("ends the attempt at once, and is why it failed", () => {
    const breaking = new SessionBreak();
    const signal = breaking.joinSignal(60_000);
    expect(signal.aborted).toBe(false);
    breaking.break(removed);
    breaking.break(later);
    expect(signal.aborted).toBe(true);
    expect(breaking.error).toBe(removed);
    expect(() => {
      breaking.joined(() => {
        throw new Error("told of a session that never was");
      });
    }).toThrow(removed);
  });

  test("that never comes leaves the attempt to its time", () => {
    const breaking = new SessionBreak();
    expect(breaking.joinSignal(60_000).aborted).toBe(false);
    expect(breaking.error).toBeUndefined();
  });
});

describe("lost media", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("breaks the session when nothing says why", () => {
    const breaking = new SessionBreak();
    const told: SessionError[] = [];
    breaking.joined((error) => {
      told.push(error);
    });
    breaking.mediaLost(later);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(250);
    expect(told).toEqual([later]);
  });

  test("is not what broke it when the server says meanwhile that it did", () => {
    const breaking = new SessionBreak();
    const told: SessionError[] = [];
    breaking.joined((error) => {
      told.push(error);
    });
    breaking.mediaLost(later);
    breaking.break(removed);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([removed]);
  });

  test("while the signalling is away breaks nothing, and is remembered until it is back", () => {
    const breaking = new SessionBreak();
    const broken = vi.fn();
    breaking.joined(broken);
    breaking.away();
    breaking.mediaLost(later);
    vi.advanceTimersByTime(60_000);
    expect(broken).not.toHaveBeenCalled();
    expect(breaking.back()).toBe(true);
    breaking.away();
    expect(breaking.back()).toBe(false);
  });

  test("just before the signalling goes is part of the same outage", () => {
    const breaking = new SessionBreak();
    const broken = vi.fn();
    breaking.joined(broken);
    breaking.mediaLost(later);
    breaking.away();
    vi.advanceTimersByTime(60_000);
    expect(broken).not.toHaveBeenCalled();
    expect(breaking.back()).toBe(true);
  });

  test("once the signalling is back breaks the session as ever", () => {
    const breaking = new SessionBreak();
    const broken = vi.fn();
    breaking.joined(broken);
    breaking.away();
    breaking.back();
    breaking.mediaLost(later);
    vi.advanceTimersByTime(60_000);
    expect(broken).toHaveBeenCalledExactlyOnceWith(later);
  });
});

test("lost media is no break when the server says meanwhile that it comes back", () => {
  vi.useFakeTimers();
  try {
    const breaking = new SessionBreak();
    const told: SessionError[] = [];
    breaking.joined((error) => {
      told.push(error);
    });
    breaking.mediaLost(later);
    breaking.mediaExcused();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
    breaking.mediaLost(later);
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([later]);
  } finally {
    vi.useRealTimers();
  }
});

test("a break afterwards is told once: the first, from which the others follow", () => {
  const breaking = new SessionBreak();
  const told: SessionError[] = [];
  breaking.joined((error) => {
    told.push(error);
    breaking.break(later);
  });
  breaking.break(removed);
  breaking.break(later);
  expect(told).toEqual([removed]);
});
