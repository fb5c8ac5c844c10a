import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overheadFigureIds, type OverheadBlock } from "../protocol/overhead.ts";
import { createRandom } from "../util/random.ts";
import { parseOpensslSpeed } from "./crypto-cost.ts";
import { differencesOf } from "./overhead.ts";

const suite = "AES_128_GCM_SHA256_128";

function block(round: number, used: typeof suite | null, value: number | null): OverheadBlock {
  return {
    round,
    suite: used,
    figures: Object.fromEntries(overheadFigureIds.map((id) => [id, value])) as OverheadBlock["figures"],
    packets: { sent: 1, received: 1, lost: 0 },
    doubts: [],
  };
}

describe("the difference", () => {
  test("is taken within rounds: what a round adds to both is not in it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 3, maxLength: 8 }),
        fc.double({ min: -50, max: 50, noNaN: true }),
        (machine, cost) => {
          const blocks = machine.flatMap((level, round) => [
            block(round, suite, level + cost),
            block(round, null, level),
          ]);
          for (const { difference, interval, n } of differencesOf(blocks, createRandom("a"))) {
            expect(n).toBe(machine.length);
            expect(difference).toBeCloseTo(cost, 6);
            expect(interval?.[0]).toBeCloseTo(cost, 6);
            expect(interval?.[1]).toBeCloseTo(cost, 6);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test("leaves out a round in which either was not measured, and says so by its n", () => {
    const blocks = [block(0, null, 1), block(0, suite, 3), block(1, null, null), block(1, suite, 9)];
    expect(differencesOf(blocks, createRandom("a"))[0]).toEqual({
      suite,
      figure: "speakerPacketCpu",
      n: 1,
      off: 1,
      on: 3,
      difference: 2,
      interval: null,
    });
  });

  test("of nothing is nothing, not zero", () => {
    expect(differencesOf([block(0, suite, 3)], createRandom("a"))[0]).toMatchObject({
      n: 0,
      off: null,
      difference: null,
      interval: null,
    });
    expect(differencesOf([], createRandom("a"))).toEqual([]);
  });
});

describe("what openssl says of its speed", () => {
  test("is read as seconds an operation", () => {
    const output = "+R:2039812:AES-128-GCM:1.000000\n+H:80\n+F:25:AES-128-GCM:160000000.00\n";
    expect(parseOpensslSpeed(output, 80)).toBeCloseTo(0.5e-6, 12);
  });

  test("is nothing when it says something else", () => {
    for (const output of ["", "+F:25:AES-128-GCM:0.00", "+F:25:AES-128-GCM:nan", "openssl: unknown option"]) {
      expect(parseOpensslSpeed(output, 80)).toBeNull();
    }
  });
});
