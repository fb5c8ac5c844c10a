import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HeardChirps } from "../../../scenarios/lib/chirps.ts";

const schedule = fc.record({
  firstAtUnixMs: fc.double({ min: 1_700_000_000_000, max: 1_900_000_000_000, noNaN: true }),
  periodMs: fc.integer({ min: 100, max: 5000 }),
});

describe("a chirp that is heard", () => {
  test("is as late as it was said before, up to a period, whatever the schedule", () => {
    fc.assert(
      fc.property(
        schedule,
        fc.nat(100_000),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        (plan, number, share) => {
          const delayMs = share * plan.periodMs;
          const saidAtUnixMs = plan.firstAtUnixMs + number * plan.periodMs;
          // Instants since 1970 in ms leave a double a quarter of a microsecond.
          expect(new HeardChirps(plan).delayMs(saidAtUnixMs + delayMs)).toBeCloseTo(delayMs, 2);
        },
      ),
    );
  });

  test("counts once, however often it is repeated", () => {
    const chirps = new HeardChirps({ firstAtUnixMs: 10_000, periodMs: 1000 });
    expect(chirps.delayMs(12_100)).toBe(100);
    expect(chirps.delayMs(12_130)).toBeUndefined();
    expect(chirps.delayMs(13_130)).toBe(130);
  });

  test("before the first one was said is none", () => {
    expect(new HeardChirps({ firstAtUnixMs: 10_000, periodMs: 1000 }).delayMs(9999)).toBeUndefined();
  });
});

describe("the account of a stretch of time", () => {
  test("is of chirps said from its beginning on and before its end, and of those heard among them", () => {
    const chirps = new HeardChirps({ firstAtUnixMs: 10_000, periodMs: 1000 });
    for (const atUnixMs of [10_100, 11_100, 13_100, 20_100]) chirps.delayMs(atUnixMs);
    expect(chirps.between(10_000, 14_000)).toEqual({ due: 4, heard: 3 });
    expect(chirps.between(10_001, 14_001)).toEqual({ due: 4, heard: 2 });
    expect(chirps.between(0, 10_000)).toEqual({ due: 0, heard: 0 });
    expect(chirps.between(14_000, 12_000)).toEqual({ due: 0, heard: 0 });
  });

  test("never has more heard than due, and two stretches make up one", () => {
    fc.assert(
      fc.property(
        schedule,
        fc.array(fc.nat(50_000)),
        fc.nat(60_000),
        fc.nat(60_000),
        fc.nat(60_000),
        (plan, heardMs, ...bounds) => {
          const chirps = new HeardChirps(plan);
          for (const atMs of heardMs) chirps.delayMs(plan.firstAtUnixMs + atMs);
          const [from, middle, to] = bounds
            .toSorted((one, other) => one - other)
            .map((atMs) => plan.firstAtUnixMs + atMs) as [number, number, number];
          const whole = chirps.between(from, to);
          const [one, other] = [chirps.between(from, middle), chirps.between(middle, to)];
          expect(whole.heard).toBeLessThanOrEqual(whole.due);
          expect({ due: one.due + other.due, heard: one.heard + other.heard }).toEqual(whole);
        },
      ),
    );
  });
});
