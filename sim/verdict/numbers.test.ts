import fc from "fast-check";
import { expect, test } from "vitest";
import { percentOf, plural, secondsText, withUnit } from "./numbers.ts";

test.each([
  [0, "0 ms"],
  [0.000_002_13, "2.13 µs"],
  [0.000_999_9, "1 ms"],
  [0.1824, "182 ms"],
  [0.9996, "1 s"],
  [1.2449, "1.24 s"],
  [1234.5, "1,235 s"],
])("%d seconds are written as %s", (seconds, text) => {
  expect(secondsText(seconds)).toBe(text);
});

test("a unit fits its kind", () => {
  expect(withUnit(0.97, "ratio")).toBe("97 %");
  expect(withUnit(0.02, "seconds")).toBe("20 ms");
  expect(withUnit(12_000, "count")).toBe("12,000");
});

test("a percentage is never rounded to none or to all", () => {
  expect(percentOf(0, 100)).toBe("0 %");
  expect(percentOf(100, 100)).toBe("100 %");
  expect(percentOf(0, 0)).toBe("0 %");
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (whole, drawn) => {
      const part = 1 + (drawn % (whole - 1));
      const text = percentOf(part, whole);
      expect(text).not.toBe("0 %");
      if (whole < 1e5) expect(text).not.toBe("100 %");
    }),
  );
});

test("one of something is singular", () => {
  expect(plural(1, "packet")).toBe("1 packet");
  expect(plural(0, "stretch", "stretches")).toBe("0 stretches");
});
