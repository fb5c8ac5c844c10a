import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  epochOf,
  firstOfNextEpoch,
  generationAt,
  generationOfKid,
  kidOf,
  maxGeneration,
  seatOfKid,
  seatsPerGeneration,
  stepOf,
  stepsPerEpoch,
} from "./kid.ts";

describe("a KID", () => {
  test("gives its generation and seat back", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: maxGeneration }),
        fc.integer({ min: 0, max: seatsPerGeneration - 1 }),
        (generation, seat) => {
          const kid = kidOf(generation, seat);
          expect([generationOfKid(kid), seatOfKid(kid)]).toEqual([generation, seat]);
        },
      ),
    );
  });

  test("is generation x 1024 + seat, exact to the last generation", () => {
    expect(kidOf(3, 7)).toBe(3079);
    expect(Number.isSafeInteger(kidOf(maxGeneration, seatsPerGeneration - 1))).toBe(true);
  });

  test("says epoch and step, and the next epoch begins at its step 0", () => {
    const generation = 5 * stepsPerEpoch + 17;
    expect([epochOf(generation), stepOf(generation)]).toEqual([5, 17]);
    expect(firstOfNextEpoch(generation)).toBe(6 * stepsPerEpoch);
    expect(firstOfNextEpoch(-1)).toBe(0);
  });

  test("of who knows nothing of what was dealt is above a fresh secret a second since 1970", () => {
    const unixMs = 1_800_000_000_500;
    expect(epochOf(generationAt(unixMs))).toBe(1_800_000_000);
    expect(Number.isSafeInteger(kidOf(generationAt(unixMs), 3))).toBe(true);
  });

  test("carries no other seat or generation", () => {
    for (const [generation, seat] of [
      [0, seatsPerGeneration],
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
