import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OutputClock } from "./heard-clock.ts";

const startUnixMs = 1_795_000_000_000;

describe("the output's clock", () => {
  test("knows nothing before it was read", () => {
    expect(new OutputClock().unixMsOf(1)).toBeUndefined();
  });

  test("maps the context's time to the wall clock's, to the millisecond that two wall clocks differ by", () => {
    const clock = new OutputClock();
    for (let reading = 0; reading < 5; reading++)
      clock.read({ contextSeconds: reading / 10, unixMs: startUnixMs + 100 * reading });
    expect(clock.unixMsOf(2.5)).toEqual({ atUnixMs: startUnixMs + 2500, uncertaintyMs: 1 });
  });

  test("is not moved by a few readings that jump, whichever they are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(-10, 10, 30), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 0, max: 11 }),
        (jumpsMs, at) => {
          const clock = new OutputClock();
          const wrong = new Map(jumpsMs.map((jumpMs, index) => [(at + index) % 20, jumpMs]));
          for (let reading = 0; reading < 20; reading++)
            clock.read({
              contextSeconds: reading / 10,
              unixMs: startUnixMs + 100 * reading + (wrong.get(reading) ?? 0),
            });
          expect(clock.unixMsOf(0)?.atUnixMs).toBeCloseTo(startUnixMs, 3);
        },
      ),
    );
  });

  test("says how far the readings are apart", () => {
    const clock = new OutputClock();
    for (let reading = 0; reading < 20; reading++)
      clock.read({ contextSeconds: reading / 10, unixMs: startUnixMs + 100 * reading + 10 * (reading % 2) });
    expect(clock.unixMsOf(0)?.uncertaintyMs).toBeCloseTo(6, 6);
  });

  test("follows an output that was set anew, and forgets what it was before", () => {
    const clock = new OutputClock();
    for (let reading = 0; reading < 20; reading++)
      clock.read({ contextSeconds: reading, unixMs: startUnixMs + 1000 * reading });
    for (let reading = 20; reading < 40; reading++)
      clock.read({ contextSeconds: reading, unixMs: startUnixMs + 1000 * reading + 500 });
    expect(clock.unixMsOf(50)).toEqual({ atUnixMs: startUnixMs + 50_500, uncertaintyMs: 1 });
  });
});
