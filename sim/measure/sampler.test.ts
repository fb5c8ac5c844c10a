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
  test("is one of every k packets exactly, however single and counted draws are mixed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.string(),
        fc.array(fc.oneof(fc.constant("one" as const), fc.nat(700)), { maxLength: 60 }),
        (every, seed, steps) => {
          const mixed = new Sampler(1 / every, createRandom(seed));
          const single = new Sampler(1 / every, createRandom(seed));
          let packets = 0;
          let hits = 0;
          for (const step of steps) {
            const count = step === "one" ? 1 : step;
            const found = step === "one" ? Number(mixed.draw()) : mixed.drawOf(count);
            expect(found).toBe(drawn(single, count));
            packets += count;
            hits += found;
          }
          expect(hits).toBeGreaterThanOrEqual(Math.floor(packets / every));
          expect(hits).toBeLessThanOrEqual(Math.ceil(packets / every));
        },
      ),
    );
  });

  test("over whole rounds is exactly the share asked for", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 20 }),
        fc.string(),
        (every, rounds, seed) => {
          expect(new Sampler(1 / every, createRandom(seed)).drawOf(every * rounds)).toBe(rounds);
        },
      ),
    );
  });

  test("begins anywhere in the first round, each place as likely", () => {
    const places = Array.from({ length: 4000 }, (_, index) => {
      const sampler = new Sampler(1 / 4, createRandom(`start ${index}`));
      return [1, 2, 3, 4].find(() => sampler.draw()) ?? 0;
    });
    for (const place of [1, 2, 3, 4]) {
      const share = places.filter((found) => found === place).length / places.length;
      expect(share).toBeCloseTo(0.25, 1);
    }
  });

  test("of probability 1 is everything", () => {
    const sampler = new Sampler(1, createRandom("all"));
    expect([sampler.draw(), sampler.draw(), sampler.drawOf(17)]).toEqual([true, true, 17]);
  });
});

test.each([0, -0.1, 1.01, Number.NaN, Infinity])("a probability of %d is refused", (probability) => {
  expect(() => new Sampler(probability, createRandom("x"))).toThrow(RangeError);
});
