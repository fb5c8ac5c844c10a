import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  measureWallOffsetMs,
  monotonicMs,
  ntpFromUnixMs,
  systemClock,
  unixMsFromNtp,
  measureOffsetMs,
} from "./clock.ts";

/** 1970 to a few seconds before the end of NTP's first era. */
const unixMs = fc.double({ min: 0, max: 2_085_978_490_000, noNaN: true });

describe("NTP time", () => {
  test("comes back to the microsecond", () => {
    fc.assert(
      fc.property(unixMs, (instant) => {
        const { seconds, fraction } = ntpFromUnixMs(instant);
        expect(Math.abs(unixMsFromNtp(seconds, fraction) - instant)).toBeLessThan(0.001);
      }),
    );
  });

  test("is two unsigned 32-bit words, whatever rounding does to the fraction", () => {
    const nearSecond = fc.tuple(fc.integer({ min: 1, max: 2_000_000_000 }), fc.integer({ min: -3, max: 3 }));
    const instants = fc.oneof(
      unixMs,
      nearSecond.map(([second, micros]) => second * 1000 + micros / 10_000),
    );
    fc.assert(
      fc.property(instants, (instant) => {
        for (const word of Object.values(ntpFromUnixMs(instant))) {
          expect(word).toBe(word >>> 0);
        }
      }),
    );
  });

  test("counts from 1900 (RFC 5905, figure 4)", () => {
    expect(ntpFromUnixMs(0)).toEqual({ seconds: 2_208_988_800, fraction: 0 });
    expect(ntpFromUnixMs(1500)).toEqual({ seconds: 2_208_988_801, fraction: 0x8000_0000 });
    // 31 December 1999, the last second of the century.
    expect(ntpFromUnixMs(Date.UTC(1999, 11, 31, 23, 59, 59)).seconds).toBe(3_155_673_599);
  });

  test("rises with the instant", () => {
    fc.assert(
      fc.property(unixMs, fc.double({ min: 0.01, max: 5000, noNaN: true }), (instant, laterMs) => {
        const [a, b] = [ntpFromUnixMs(instant), ntpFromUnixMs(instant + laterMs)];
        expect(unixMsFromNtp(b.seconds, b.fraction)).toBeGreaterThan(unixMsFromNtp(a.seconds, a.fraction));
      }),
    );
  });
});

describe("the machine's clock", () => {
  test("is that of process.hrtime, which all processes of the machine share", () => {
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = systemClock.now();
    const after = Number(process.hrtime.bigint()) / 1e6;
    // The offset between the two clocks was itself taken by two calls: a hundredth of a millisecond or so.
    expect(now).toBeGreaterThan(before - 1);
    expect(now).toBeLessThan(after + 1);
  });

  test("gives the wall clock's time with the measured offset", () => {
    const clock = { now: () => monotonicMs(5000) };
    expect(measureWallOffsetMs(clock) + 5000 - (performance.timeOrigin + performance.now())).toBeCloseTo(
      0,
      0,
    );
  });
});

test("an offset between clocks is not off by what holds the process up between two readings", () => {
  let nowMs = 1000;
  let readings = 0;
  // Every reading but a few comes with a hold-up of 50 ms.
  const read = (offsetMs: number) => () => {
    nowMs += readings++ % 7 < 4 ? 0.001 : 50;
    return nowMs + offsetMs;
  };
  const offsetMs = measureOffsetMs(read(123), read(0));
  expect(Math.abs(offsetMs - 123)).toBeLessThan(0.01);
});
