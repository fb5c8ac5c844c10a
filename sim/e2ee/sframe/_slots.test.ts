import fc from "fast-check";
import { expect, test } from "vitest";

import { Slots } from "./_slots.ts";

/** Each owner in turn uses its slot, or asks for one; how many were left without. */
function round(slots: Slots, held: Map<number, number>, owners: readonly number[]): number {
  let without = 0;
  for (const owner of owners) {
    const slot = held.get(owner);
    if (slot !== undefined && slots.use(slot, owner)) continue;
    const taken = slots.take(owner);
    if (taken < 0) without++;
    else held.set(owner, taken);
  }
  return without;
}

const longest = 100;

const sequence = (first: number, length: number): number[] =>
  Array.from({ length }, (_, index) => first + index);

test("no two owners ever hold the same slot", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200 }), (uses) => {
      const slots = new Slots(4, 20);
      const held = new Map<number, number>();
      for (const owner of uses) {
        round(slots, held, [owner]);
        const taken = [...held].filter(([holder, slot]) => slots.use(slot, holder)).map(([, slot]) => slot);
        expect(new Set(taken).size).toBe(taken.length);
      }
    }),
  );
});

test("with as many slots as owners nobody goes without", () => {
  const slots = new Slots(8, longest);
  const held = new Map<number, number>();
  for (let turn = 0; turn < 5; turn++) expect(round(slots, held, sequence(1, 8))).toBe(0);
});

test("with more owners than slots the slots stay where they are", () => {
  const slots = new Slots(8, longest);
  const held = new Map<number, number>();
  round(slots, held, sequence(1, 20));
  const before = [...held];
  for (let turn = 0; turn < 3 * longest; turn++) expect(round(slots, held, sequence(1, 20))).toBe(12);
  expect([...held]).toEqual(before);
});

test("slots that nobody uses any more go to new owners", () => {
  const slots = new Slots(8, longest);
  const held = new Map<number, number>();
  round(slots, held, sequence(1, 8));
  const newcomers = sequence(101, 8);
  expect(round(slots, held, newcomers)).toBe(8);
  for (let turn = 0; turn < longest / 4; turn++) round(slots, held, newcomers);
  expect(round(slots, held, newcomers)).toBe(0);
});
