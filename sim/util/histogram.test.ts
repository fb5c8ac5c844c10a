import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram, histogramBucketValue, type HistogramSnapshot } from "./histogram.ts";

const lowest = 2 ** -24;
const relativeError = 1 / 128;

/** Delays as they occur, in seconds, and the whole range that is bucketed. */
const inRange = fc.oneof(
  fc.double({ min: lowest, max: 2 ** 12 - 1, noNaN: true }),
  fc.double({ min: 0.0001, max: 3, noNaN: true }),
  fc.integer({ min: -23, max: 11 }).map((exponent) => 2 ** exponent),
);
const anyFinite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e9 });

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.observe(value);
  return histogram;
}

/** By nearest rank, the share in thousandths so that the rank is exact. */
function exactQuantile(values: readonly number[], thousandths: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((thousandths * sorted.length) / 1000));
  return sorted[rank - 1] as number;
}

describe("quantiles", () => {
  test("are within 1/128 of the exact nearest-rank quantile", () => {
    fc.assert(
      fc.property(
        fc.array(inRange, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 0, max: 1000 }),
        (values, thousandths) => {
          const exact = exactQuantile(values, thousandths);
          const found = histogramOf(values).quantile(thousandths / 1000) as number;
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * relativeError * (1 + 1e-12));
        },
      ),
      { numRuns: 500 },
    );
  });

  test("take the rank as it is defined, whatever binary fractions make of the share", () => {
    // Each value in a bucket of its own: a rank too high by one would show.
    for (let n = 1; n <= 200; n++) {
      const values = Array.from({ length: n }, (_, index) => 1.05 ** index * 0.001);
      const histogram = histogramOf(values);
      for (const thousandths of [1, 10, 50, 70, 140, 280, 290, 500, 550, 560, 570, 580, 900, 950, 990, 999]) {
        const exact = exactQuantile(values, thousandths);
        const found = histogram.quantile(thousandths / 1000) as number;
        expect(Math.abs(found - exact), `n ${n}, share ${thousandths}/1000`).toBeLessThanOrEqual(
          exact * relativeError,
        );
      }
    }
  });

  test("never leave what was observed, and never fall as the share rises", () => {
    fc.assert(
      fc.property(fc.array(anyFinite, { minLength: 1, maxLength: 100 }), (values) => {
        const histogram = histogramOf(values);
        let last = -Infinity;
        for (let share = 0; share <= 1; share += 1 / 64) {
          const value = histogram.quantile(share) as number;
          expect(value).toBeGreaterThanOrEqual(Math.min(...values));
          expect(value).toBeLessThanOrEqual(Math.max(...values));
          expect(value).toBeGreaterThanOrEqual(last);
          last = value;
        }
        expect(last).toBe(Math.max(...values));
      }),
    );
  });

  test("count zero and negative values as the least there is", () => {
    const histogram = histogramOf([-2, 0, 0, 1]);
    expect(histogram.min).toBe(-2);
    expect(histogram.quantile(0.5)).toBeLessThanOrEqual(2 * lowest);
    expect(histogram.quantile(1)).toBe(1);
  });

  test("keep what is beyond the range in the last bucket, its extreme exact", () => {
    const histogram = histogramOf([1e7, 5e8]);
    expect(histogram.max).toBe(5e8);
    expect(histogram.quantile(1)).toBe(5e8);
    expect(histogram.quantile(0.5)).toBe(1e7);
  });
});

describe("an empty histogram", () => {
  test("has no figures, rather than zeros", () => {
    const { min, max, mean, n, sum } = new Histogram();
    expect({ min, max, mean, n, sum }).toEqual({ min: null, max: null, mean: null, n: 0, sum: 0 });
    expect(new Histogram().quantile(0.5)).toBeNull();
    expect(new Histogram().snapshot()).toEqual({ n: 0, sum: 0, min: null, max: null, buckets: [] });
  });

  test("changes nothing when it is merged", () => {
    const histogram = histogramOf([0.1, 0.2]);
    const before = histogram.snapshot();
    histogram.merge(new Histogram());
    expect(histogram.snapshot()).toEqual(before);
  });
});

describe("observing", () => {
  test("refuses what would poison the sum, and counts nothing of it", () => {
    const histogram = histogramOf([0.5]);
    for (const poison of [Number.NaN, Infinity, -Infinity]) {
      expect(() => {
        histogram.observe(poison);
      }).toThrow(RangeError);
    }
    expect(histogram.snapshot()).toEqual(histogramOf([0.5]).snapshot());
  });

  test("keeps count, sum, mean and extremes exactly", () => {
    fc.assert(
      fc.property(fc.array(anyFinite, { minLength: 1, maxLength: 100 }), (values) => {
        const histogram = histogramOf(values);
        const sum = values.reduce((total, value) => total + value, 0);
        expect(histogram.n).toBe(values.length);
        expect(histogram.sum).toBe(sum);
        expect(histogram.mean).toBe(sum / values.length);
        expect(histogram.min).toBe(Math.min(...values));
        expect(histogram.max).toBe(Math.max(...values));
      }),
    );
  });

  test("begins anew after reset", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    expect(histogram.snapshot()).toEqual(new Histogram().snapshot());
  });
});

describe("merging", () => {
  test("is the same as observing everything in one place, and in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.array(inRange, { maxLength: 40 }), { maxLength: 6 }), (parts) => {
        const whole = histogramOf(parts.flat()).snapshot();
        for (const order of [parts, parts.toReversed()]) {
          const merged = new Histogram();
          for (const part of order) merged.merge(histogramOf(part));
          const { sum, ...rest } = merged.snapshot();
          expect(rest).toEqual({ n: whole.n, min: whole.min, max: whole.max, buckets: whole.buckets });
          // Floating-point addition is not associative.
          expect(sum).toBeCloseTo(whole.sum, 6);
        }
      }),
    );
  });

  test("survives the way through JSON", () => {
    fc.assert(
      fc.property(fc.array(inRange, { maxLength: 60 }), (values) => {
        const snapshot = histogramOf(values).snapshot();
        const travelled = JSON.parse(JSON.stringify(snapshot)) as HistogramSnapshot;
        expect(Histogram.from(travelled).snapshot()).toEqual(snapshot);
      }),
    );
  });

  const one = histogramOf([0.1]).snapshot();
  test.each<[string, HistogramSnapshot]>([
    ["a bucket below the first", { ...one, buckets: [[-1, 1]] }],
    ["a bucket past the last", { ...one, buckets: [[36 * 64, 1]] }],
    ["half a bucket", { ...one, buckets: [[1.5, 1]] }],
    [
      "a negative count",
      {
        ...one,
        n: 0,
        buckets: [
          [5, 1],
          [6, -1],
        ],
      },
    ],
    ["a count that is not a number", { ...one, buckets: [[5, Number.NaN]] }],
    ["more observations than its buckets hold", { ...one, n: 2 }],
    ["fewer observations than its buckets hold", { ...one, n: 0 }],
  ])("refuses %s, and stays as it was", (_what, bad) => {
    const histogram = histogramOf([0.2]);
    expect(() => {
      histogram.merge(bad);
    }).toThrow(RangeError);
    expect(histogram.snapshot()).toEqual(histogramOf([0.2]).snapshot());
  });
});

describe("counting up to a bound", () => {
  test("is exact to within the bucket that the bound is in", () => {
    fc.assert(
      fc.property(fc.array(inRange, { maxLength: 100 }), inRange, (values, bound) => {
        const found = histogramOf(values).countAtMost(bound);
        const width = bound * 2 * relativeError;
        expect(found).toBeGreaterThanOrEqual(values.filter((value) => value <= bound).length);
        expect(found).toBeLessThanOrEqual(values.filter((value) => value <= bound + width).length);
      }),
    );
  });
});

test("a bucket's value is within the error of everything in it", () => {
  fc.assert(
    fc.property(inRange, (value) => {
      const bucket = histogramOf([value]).snapshot().buckets[0]?.[0] as number;
      expect(Math.abs(histogramBucketValue(bucket) - value)).toBeLessThanOrEqual(value * relativeError);
    }),
  );
});

test("a quantile among zeros is zero", () => {
  const histogram = new Histogram();
  for (let n = 0; n < 999; n++) histogram.observe(0);
  histogram.observe(0.04);
  expect(histogram.quantile(0.99)).toBe(0);
  expect(histogram.quantile(1)).toBe(0.04);
});
