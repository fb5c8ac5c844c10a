import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Coalesced } from "./_coalesced.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("coalesced work", () => {
  test("is done at once, then once an interval for whatever was asked in it", () => {
    const work = vi.fn<() => void>();
    const coalesced = new Coalesced(100, work);
    coalesced.ask();
    expect(work).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 50; i++) coalesced.ask();
    vi.advanceTimersByTime(99);
    expect(work).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(1);
    expect(work).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(2);
    coalesced.ask();
    expect(work).toHaveBeenCalledTimes(3);
  });

  test("that is cancelled is not done later, and can be asked for anew", () => {
    const work = vi.fn<() => void>();
    const coalesced = new Coalesced(100, work);
    coalesced.ask();
    coalesced.ask();
    coalesced.cancel();
    vi.advanceTimersByTime(1000);
    expect(work).toHaveBeenCalledTimes(1);
    coalesced.ask();
    expect(work).toHaveBeenCalledTimes(2);
  });
});
