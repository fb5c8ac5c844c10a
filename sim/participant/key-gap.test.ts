import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "../util/histogram.ts";
import { KeyGap } from "./key-gap.ts";

function gapsOf(arrivals: { frame: number; marker?: boolean; keyless?: boolean }[]): Histogram {
  const gap = new KeyGap();
  const gaps = new Histogram();
  for (const { frame, marker = false, keyless = false } of arrivals) gap.arrive(frame, marker, keyless, gaps);
  gap.end(gaps);
  return gaps;
}

describe("how much of a talkspurt was missed for want of a key", () => {
  test("is counted in frames of 20 ms, a talkspurt by itself, those that were heard whole too", () => {
    const gaps = gapsOf([
      { frame: 0, marker: true, keyless: true },
      { frame: 1, keyless: true },
      { frame: 2 },
      { frame: 100, marker: true },
      { frame: 101 },
    ]);
    expect(gaps.n).toBe(2);
    expect(gaps.sum).toBeCloseTo(0.04, 9);
    expect(gaps.max).toBeCloseTo(0.04, 9);
  });

  test("is of another talkspurt after a silence, though the packet that marks it was lost", () => {
    expect(gapsOf([{ frame: 0, marker: true }, { frame: 10 }, { frame: 21, keyless: true }]).n).toBe(2);
  });

  test("of a stream of which nothing came is nothing", () => {
    expect(gapsOf([]).n).toBe(0);
  });

  test("adds up to all frames that came without a key, in whatever order they came", () => {
    const arrival = fc.record({ frame: fc.nat(500), marker: fc.boolean(), keyless: fc.boolean() });
    fc.assert(
      fc.property(fc.array(arrival), (arrivals) => {
        const keyless = arrivals.filter((one) => one.keyless).length;
        expect(gapsOf(arrivals).sum).toBeCloseTo(keyless * 0.02, 6);
      }),
    );
  });
});
