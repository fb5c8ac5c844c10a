import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { generationOfKid, kidOf, maxGeneration, seatOfKid } from "./kid.ts";

describe("a KID", () => {
  test("gives its generation and seat back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: maxGeneration }),
        fc.integer({ min: 0, max: 255 }),
        (generation, seat) => {
          const kid = kidOf(generation, seat);
          expect([generationOfKid(kid), seatOfKid(kid)]).toEqual([generation, seat]);
        },
      ),
    );
  });

  test("is generation x 256 + seat, exact to the last generation", () => {
    expect(kidOf(3, 7)).toBe(775);
    expect(Number.isSafeInteger(kidOf(maxGeneration, 255))).toBe(true);
  });

  test("carries no other seat or generation", () => {
    for (const [generation, seat] of [
      [0, 256],
      [0, -1],
      [0, 0.5],
      [-1, 0],
      [maxGeneration + 1, 0],
      [NaN, 0],
    ] as const) {
      expect(() => kidOf(generation, seat)).toThrow(RangeError);
    }
  });
});
