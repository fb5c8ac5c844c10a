import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, type Random } from "./random.ts";

const n = 50_000;

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

function moments(values: readonly number[]): { mean: number; sigma: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, sigma: Math.sqrt(variance) };
}

/** Of two sequences, as they were drawn. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [moments(a), moments(b)];
  const covariance = a.reduce(
    (sum, value, index) => sum + (value - ma.mean) * ((b[index] ?? 0) - mb.mean),
    0,
  );
  return covariance / a.length / (ma.sigma * mb.sigma);
}

/** Of counts that should be alike; its degrees of freedom are one fewer than the counts. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function histogram(values: readonly number[], bins: number): number[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) counts[Math.floor(value * bins)] = (counts[Math.floor(value * bins)] ?? 0) + 1;
  return counts;
}

// 99.99 % of uniform samples stay below this with 63 degrees of freedom.
const chiSquareLimit64 = 113;

describe("a seed", () => {
  test("gives the same draws every time", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const [a, b] = [createRandom(seed), createRandom(seed)];
        expect(draw(20, () => a.next())).toEqual(draw(20, () => b.next()));
      }),
    );
  });

  test("gives these draws on every machine and in every version", () => {
    const random = createRandom("1");
    expect(draw(3, () => random.integer(1_000_000))).toMatchInlineSnapshot(`
      [
        364770,
        262370,
        262896,
      ]
    `);
  });

  test("of short names, one next to the other, gives draws without relation", () => {
    const firsts = draw(6400, () => 0).map((_, index) => createRandom(String(index)).next());
    expect(new Set(firsts).size).toBeGreaterThan(6390);
    expect(chiSquare(histogram(firsts, 64))).toBeLessThan(chiSquareLimit64);
    expect(Math.abs(correlation(firsts.slice(1), firsts.slice(0, -1)))).toBeLessThan(0.05);
  });
});

describe("a fork", () => {
  test("does not depend on what was drawn before it, or from other forks", () => {
    const used = createRandom("seed");
    draw(100, () => used.next());
    used.fork("other").next();
    expect(used.fork("name").next()).toBe(createRandom("seed").fork("name").next());
  });

  test("does not shift what its parent draws", () => {
    const [forked, plain] = [createRandom("seed"), createRandom("seed")];
    forked.fork("name").next();
    expect(forked.next()).toBe(plain.next());
  });

  test("has no relation to its parent, nor to a fork of the next name", () => {
    const parent = createRandom("seed");
    const [a, b] = [parent.fork("speaker:1"), parent.fork("speaker:2")];
    const streams = [parent, a, b].map((random) => draw(n, () => random.next()));
    for (const [left, right] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      expect(Math.abs(correlation(streams[left] ?? [], streams[right] ?? []))).toBeLessThan(0.02);
    }
  });
});

describe("distributions", () => {
  const sample = (next: (random: Random) => number): number[] => {
    const random = createRandom("moments");
    return draw(n, () => next(random));
  };

  test("next is uniform in [0, 1)", () => {
    const values = sample((random) => random.next());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(chiSquare(histogram(values, 64))).toBeLessThan(chiSquareLimit64);
    expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.02);
  });

  test("integer is each of 0 to n - 1, as likely", () => {
    const values = sample((random) => random.integer(64));
    expect(new Set(values).size).toBe(64);
    expect(
      chiSquare(
        histogram(
          values.map((value) => value / 64),
          64,
        ),
      ),
    ).toBeLessThan(chiSquareLimit64);
  });

  test("exponential has its mean as standard deviation, and is never negative", () => {
    const values = sample((random) => random.exponential(3));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(moments(values).mean).toBeCloseTo(3, 1);
    expect(moments(values).sigma).toBeCloseTo(3, 1);
  });

  test("normal has the mean and standard deviation asked for", () => {
    const values = sample((random) => random.normal(10, 2));
    expect(moments(values).mean).toBeCloseTo(10, 1);
    expect(moments(values).sigma).toBeCloseTo(2, 1);
    const within = values.filter((value) => Math.abs(value - 10) < 2).length / n;
    expect(within).toBeCloseTo(0.6827, 2);
  });

  test("log-normal has exp(mu) as its median", () => {
    const values = sample((random) => random.logNormal(1, 0.5)).toSorted((a, b) => a - b);
    expect(values[n / 2]).toBeCloseTo(Math.E, 1);
    expect(values[0]).toBeGreaterThan(0);
  });

  test("pick takes each as often, and refuses to pick from nothing", () => {
    const values = sample((random) => random.pick(["a", "b", "c", "d"]).charCodeAt(0) - 97);
    // 99.99 % with 3 degrees of freedom.
    expect(
      chiSquare(
        histogram(
          values.map((value) => value / 4),
          4,
        ),
      ),
    ).toBeLessThan(21.1);
    expect(() => createRandom("x").pick([])).toThrow(RangeError);
  });
});
