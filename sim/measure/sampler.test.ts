import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { Sampler } from "./sampler.ts";

/** Which of the next packets are drawn, one by one. */
function drawn(sampler: Sampler, count: number): number {
  let hits = 0;
  for (let packet = 0; packet < count; packet++) if (sampler.draw()) hits++;
  return hits;
}

describe("a sample", () => {
  test("is the same however single and counted draws are mixed", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.string(),
        fc.array(fc.oneof(fc.constant("one" as const), fc.nat(700)), { maxLength: 60 }),
        (probability, seed, steps) => {
          const mixed = new Sampler(probability, createRandom(seed));
          const single = new Sampler(probability, createRandom(seed));
          for (const step of steps) {
            const found = step === "one" ? Number(mixed.draw()) : mixed.drawOf(step);
            expect(found).toBe(drawn(single, step === "one" ? 1 : step));
          }
        },
      ),
    );
  });

  test.each([0.5, 0.1, 1 / 12, 0.003])(
    "of probability %d holds that share of many packets",
    (probability) => {
      const packets = 1_000_000;
      const share = drawn(new Sampler(probability, createRandom("share")), packets) / packets;
      // Five standard deviations of a binomial proportion.
      const tolerance = 5 * Math.sqrt((probability * (1 - probability)) / packets);
      expect(Math.abs(share - probability)).toBeLessThan(tolerance);
    },
  );

  test("falls on each of those who take turns alike", () => {
    // 100 listeners in a steady order, and a probability whose inverse shares a factor with their number.
    const sampler = new Sampler(1 / 20, createRandom("turns"));
    const hits = Array.from({ length: 100 }, () => 0);
    for (let packet = 0; packet < 400_000; packet++) {
      if (sampler.draw()) hits[packet % 100] = (hits[packet % 100] ?? 0) + 1;
    }
    // 200 each, give or take five standard deviations.
    expect(Math.min(...hits)).toBeGreaterThan(130);
    expect(Math.max(...hits)).toBeLessThan(270);
  });

  test("of probability 1 is everything", () => {
    const sampler = new Sampler(1, createRandom("all"));
    expect([sampler.draw(), sampler.draw(), sampler.drawOf(17)]).toEqual([true, true, 17]);
  });
});

test.each([0, -0.1, 1.01, Number.NaN, Infinity])("a probability of %d is refused", (probability) => {
  expect(() => new Sampler(probability, createRandom("x"))).toThrow(RangeError);
});
