import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findLossIntervals } from "./loss-intervals.ts";

/** One entry a second from 0: [expected, lost]. */
function room(...counts: [expected: number, lost: number][]) {
  return counts.map(([expected, lost], second) => ({ second, expected, lost }));
}

describe("findLossIntervals", () => {
  test("names a blackout with its counts", () => {
    expect(findLossIntervals(room([100, 0], [100, 100], [100, 94], [100, 0]))).toEqual([
      { fromSecond: 1, toSecond: 3, lost: 194, expected: 200 },
    ]);
  });

  test("takes exactly a twentieth for no loss interval", () => {
    expect(findLossIntervals(room([100, 5]))).toEqual([]);
    expect(findLossIntervals(room([100, 6]))).toHaveLength(1);
  });

  test("bridges one good second, whose packets count, but not two", () => {
    expect(findLossIntervals(room([100, 50], [100, 1], [100, 50]))).toEqual([
      { fromSecond: 0, toSecond: 3, lost: 101, expected: 300 },
    ]);
    expect(findLossIntervals(room([100, 50], [100, 0], [100, 0], [100, 50]))).toHaveLength(2);
  });

  test("ignores seconds with few packets that stand alone", () => {
    expect(findLossIntervals(room([100, 0], [10, 5], [100, 0], [19, 19]))).toEqual([]);
  });

  test("lets seconds with few packets lengthen a stretch that they touch", () => {
    expect(findLossIntervals(room([10, 5], [100, 50], [10, 5], [10, 5]))).toEqual([
      { fromSecond: 0, toSecond: 3, lost: 60, expected: 120 },
    ]);
  });

  test("reads seconds in any order and with gaps between them", () => {
    expect(
      findLossIntervals([
        { second: 9, expected: 100, lost: 60 },
        { second: 2, expected: 100, lost: 60 },
        { second: 3, expected: 0, lost: 0 },
      ]),
    ).toEqual([
      { fromSecond: 2, toSecond: 3, lost: 60, expected: 100 },
      { fromSecond: 9, toSecond: 10, lost: 60, expected: 100 },
    ]);
  });

  test("counts with a share of one's own", () => {
    const seconds = room([100, 50], [100, 95], [100, 50]);
    expect(findLossIntervals(seconds, { share: 0.9 })).toMatchObject([{ fromSecond: 1, toSecond: 2 }]);
  });

  test("covers every lossy second with enough packets, in order, without overlap, and no more loss than there was", () => {
    const second = fc.record({
      second: fc.nat(60),
      expected: fc.nat(200),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(second, { selector: (s) => s.second }), (drawn) => {
        const seconds = drawn.map(({ share, ...rest }) => ({
          ...rest,
          lost: Math.floor(share * rest.expected),
        }));
        const intervals = findLossIntervals(seconds);
        let end = -1;
        for (const { fromSecond, toSecond, lost, expected } of intervals) {
          expect(fromSecond).toBeGreaterThanOrEqual(end + 1);
          expect(toSecond).toBeGreaterThan(fromSecond);
          expect(lost).toBeLessThanOrEqual(expected);
          end = toSecond;
        }
        for (const { second: at, expected, lost } of seconds) {
          if (expected < 20 || lost <= 0.05 * expected) continue;
          expect(intervals.some(({ fromSecond, toSecond }) => at >= fromSecond && at < toSecond)).toBe(true);
        }
      }),
    );
  });
});
