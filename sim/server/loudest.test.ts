import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { holdMs, Loudest } from "./loudest.ts";

const stepMs = 250;

/** Tells levels every 250 ms for a while, and answers with the instant after it. */
function talk(loudest: Loudest, levels: Record<string, number>, fromMs: number, forMs: number): number {
  let nowMs = fromMs;
  for (; nowMs < fromMs + forMs; nowMs += stepMs) loudest.update(new Map(Object.entries(levels)), nowMs);
  return nowMs;
}

function of(count: number, ids: string): Loudest {
  const loudest = new Loudest(count);
  for (const id of ids) loudest.add(id, 0);
  return loudest;
}

const selected = (loudest: Loudest): string => [...loudest.selected].toSorted().join("");

describe("the loudest", () => {
  test("are all, as long as they are no more than may be", () => {
    expect(selected(of(3, "ab"))).toBe("ab");
  });

  test("are those who talk, in place of those who were there first and never spoke", () => {
    const loudest = of(2, "abcd");
    expect(selected(loudest)).toBe("ab");
    talk(loudest, { c: 30, d: 40 }, stepMs, stepMs);
    expect(selected(loudest)).toBe("cd");
  });

  test("of four who talk all the time stay the two loudest", () => {
    const loudest = of(2, "abcd");
    let nowMs = talk(loudest, { a: 50, b: 50, c: 20, d: 25 }, 0, 10_000);
    expect(selected(loudest)).toBe("cd");
    for (let round = 0; round < 20; round++) {
      nowMs = talk(loudest, { a: 50 - (round % 2) * 20, b: 50, c: 20, d: 25 }, nowMs, stepMs);
      expect(selected(loudest)).toBe("cd");
    }
  });

  test("keep who has just stopped for 2 s, and give way then to who talks", () => {
    const loudest = of(1, "ab");
    const stoppedMs = talk(loudest, { a: 30 }, 0, 4000);
    const heldMs = talk(loudest, { b: 28 }, stoppedMs, holdMs - stepMs);
    expect(selected(loudest)).toBe("a");
    talk(loudest, { b: 28 }, heldMs, stepMs);
    expect(selected(loudest)).toBe("b");
  });

  test("give way sooner to who is clearly louder", () => {
    const loudest = of(1, "ab");
    const nowMs = talk(loudest, { a: 50 }, 0, 4000);
    talk(loudest, { a: 50, b: 20 }, nowMs, stepMs);
    expect(selected(loudest)).toBe("b");
  });

  test("give a place that is free to another at once", () => {
    const loudest = of(1, "ab");
    talk(loudest, { a: 20 }, 0, 1000);
    loudest.remove("a", 1000);
    expect(selected(loudest)).toBe("b");
  });

  test("change nothing while all are silent", () => {
    const loudest = of(1, "ab");
    const nowMs = talk(loudest, { b: 20 }, 0, 1000);
    talk(loudest, {}, nowMs, 60_000);
    expect(selected(loudest)).toBe("b");
  });

  test("of any talk are as many as may be, and nobody who came in by talking goes within 2 s", () => {
    const step = fc.dictionary(fc.constantFrom(..."abcdef"), fc.integer({ min: 0, max: 126 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), (count, steps) => {
        const loudest = of(count, "abcdef");
        let before = loudest.selected;
        const cameInAt = new Map<string, number>();
        steps.forEach((levels, index) => {
          const nowMs = (index + 1) * stepMs;
          loudest.update(new Map(Object.entries(levels)), nowMs);
          const after = loudest.selected;
          expect(after.size).toBe(count);
          for (const id of after) if (!before.has(id)) cameInAt.set(id, nowMs);
          for (const id of before) {
            const came = cameInAt.get(id);
            if (!after.has(id) && came !== undefined) expect(nowMs - came).toBeGreaterThanOrEqual(holdMs);
          }
          before = after;
        });
      }),
    );
  });
});
