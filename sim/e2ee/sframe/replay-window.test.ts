import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { uint64 } from "../uint64.ts";
import { ReplayWindow, replayWindowCounters } from "./replay-window.ts";

describe("the replay window", () => {
  test("takes each of the last 128 counters once, in any order, and none before them", () => {
    const window = new ReplayWindow();
    window.accept(1000);
    for (let ctr = 1000 - replayWindowCounters + 1; ctr < 1000; ctr++) {
      expect(window.isFresh(ctr)).toBe(true);
      window.accept(ctr);
      expect(window.isFresh(ctr)).toBe(false);
    }
    expect(window.isFresh(1000)).toBe(false);
    expect(window.isFresh(1000 - replayWindowCounters)).toBe(false);
    expect(window.isFresh(1001)).toBe(true);
  });

  test("agrees with a list of everything seen, around 0, 2^32, 2^53 and 2^64", () => {
    const steps = fc.array(fc.integer({ min: -150, max: 150 }), { maxLength: 200 });
    const starts = fc.constantFrom(0n, 100n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 200n);
    fc.assert(
      fc.property(starts, steps, (start, offsets) => {
        const window = new ReplayWindow();
        const seen = new Set<bigint>();
        let highest = -1n;
        let at = start;
        for (const offset of offsets) {
          at += BigInt(offset);
          if (at < 0n || at >= 2n ** 64n) at = start;
          const expected = at > highest || (highest - at < 128n && !seen.has(at));
          expect(window.isFresh(uint64(at))).toBe(expected);
          if (!expected) continue;
          window.accept(uint64(at));
          seen.add(at);
          if (at > highest) highest = at;
        }
      }),
    );
  });
});
