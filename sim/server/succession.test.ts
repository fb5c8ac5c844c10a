import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Member, Role } from "../protocol/signalling.ts";
import { heirOf } from "./succession.ts";

const member = (role: Role, seat: number | null): Member => ({
  participantId: `${role}-${seat ?? "audience"}`,
  name: "",
  role,
  seat,
  publicKey: null,
});

describe("the next host", () => {
  test("is the first moderator, though a speaker has sat longer", () => {
    const members = [
      member("speaker", 0),
      member("moderator", 4),
      member("moderator", 2),
      member("speaker", 1),
    ];
    expect(heirOf(members)?.participantId).toBe("moderator-2");
  });

  test("is the longest-seated speaker where there is no moderator", () => {
    expect(heirOf([member("speaker", 7), member("listener", null), member("speaker", 3)])?.seat).toBe(3);
  });

  test("is nobody where only the audience is left", () => {
    expect(heirOf([member("listener", null), member("listener", null)])).toBeUndefined();
    expect(heirOf([])).toBeUndefined();
  });

  test("does not depend on the order in which members are looked at", () => {
    const members = fc.uniqueArray(fc.record({ seat: fc.nat(20), moderator: fc.boolean(), rank: fc.nat() }), {
      selector: ({ seat }) => seat,
      minLength: 1,
    });
    fc.assert(
      fc.property(members, (drawn) => {
        const all = drawn.map(({ seat, moderator }) => member(moderator ? "moderator" : "speaker", seat));
        const shuffled = drawn.toSorted((a, b) => a.rank - b.rank).map(({ seat }) => seat);
        const others = all.toSorted((a, b) => shuffled.indexOf(a.seat ?? 0) - shuffled.indexOf(b.seat ?? 0));
        expect(heirOf(others)).toEqual(heirOf(all));
      }),
    );
  });
});
