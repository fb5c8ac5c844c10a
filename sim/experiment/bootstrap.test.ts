import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { mean, meanInterval, shuffled } from "./bootstrap.ts";

describe("the interval of a mean", () => {
  test("is around the mean, wherever the values lie, and moves with them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 3, maxLength: 12 }),
        fc.integer({ min: -1000, max: 1000 }),
        (values, shift) => {
          const interval = meanInterval(values, createRandom("a"));
          const moved = meanInterval(
            values.map((value) => value + shift),
            createRandom("a"),
          );
          expect(interval).not.toBeNull();
          const [low, high] = interval ?? [NaN, NaN];
          expect(low).toBeLessThanOrEqual(mean(values) + 1e-9);
          expect(high).toBeGreaterThanOrEqual(mean(values) - 1e-9);
          expect(moved?.[0]).toBeCloseTo(low + shift, 6);
          expect(moved?.[1]).toBeCloseTo(high + shift, 6);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("holds the true mean nearly as often as it says with as few as six values", () => {
    let held = 0;
    const trials = 300;
    for (let trial = 0; trial < trials; trial++) {
      const random = createRandom(`trial ${trial}`);
      const values = Array.from({ length: 6 }, () => random.normal(5, 2));
      const [low, high] = meanInterval(values, random.fork("bootstrap")) ?? [NaN, NaN];
      if (low <= 5 && 5 <= high) held++;
    }
    expect(held / trials).toBeGreaterThan(0.85);
    expect(held / trials).toBeLessThan(0.99);
  });

  test("is a point when all values are the same, and none below three values", () => {
    expect(meanInterval([2, 2, 2, 2], createRandom("a"))).toEqual([2, 2]);
    expect(meanInterval([1, 2], createRandom("a"))).toBeNull();
  });
});

test("a shuffled order has each item once, and depends on the seed", () => {
  const items = Array.from({ length: 8 }, (_, index) => index);
  expect(shuffled(items, createRandom("a")).toSorted((a, b) => a - b)).toEqual(items);
  expect(shuffled(items, createRandom("a"))).toEqual(shuffled(items, createRandom("a")));
  const orders = new Set(Array.from({ length: 50 }, (_, i) => shuffled(items, createRandom(`${i}`)).join()));
  expect(orders.size).toBeGreaterThan(40);
});
