import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maxHands } from "../protocol/moderation.ts";
import { Hands } from "./hands.ts";

describe("hands", () => {
  test("keep the order in which they went up, whatever is raised and lowered between", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9).map(String))), (steps) => {
        const hands = new Hands();
        const queue: string[] = [];
        for (const [up, id] of steps) {
          const at = queue.indexOf(id);
          if (up) {
            if (at < 0) queue.push(id);
            expect(hands.raise({ participantId: id, name: id })).toBe(queue.indexOf(id));
          } else {
            expect(hands.lower(id)).toBe(at >= 0);
            if (at >= 0) queue.splice(at, 1);
          }
          expect(hands.list.map(({ participantId }) => participantId)).toEqual(queue);
        }
      }),
    );
  });

  test("are only so many; who is in the queue already may raise again", () => {
    const hands = new Hands();
    for (let i = 0; i < maxHands; i++) hands.raise({ participantId: `p${i}`, name: "" });
    expect(() => hands.raise({ participantId: "late", name: "" })).toThrow(/hands are up/);
    expect(hands.raise({ participantId: "p7", name: "" })).toBe(7);
  });
});
