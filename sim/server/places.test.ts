import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Places } from "./places.ts";

describe("places", () => {
  test("never exceed the limit, count each id once, and are all free again at the end", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (ids, limit) => {
        const places = new Places();
        const held: string[] = [];
        for (const id of ids.map(String)) {
          const fits = places.fits(id, limit);
          expect(fits).toBe(held.includes(id) || new Set(held).size < limit);
          if (!fits) continue;
          places.take(id);
          held.push(id);
          expect(places.taken).toBe(new Set(held).size);
        }
        for (const id of held) places.free(id);
        expect(places.taken).toBe(0);
      }),
    );
  });
});
