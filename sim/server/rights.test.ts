import { describe, expect, test } from "vitest";
import { roles, type Role } from "../protocol/signalling.ts";
import { hasRight, rights, type Right } from "./rights.ts";

const table: Record<Role, Record<Right, boolean>> = {
  host: { publish: true, subscribe: true, "deal-keys": true },
  moderator: { publish: true, subscribe: true, "deal-keys": false },
  speaker: { publish: true, subscribe: true, "deal-keys": false },
  listener: { publish: false, subscribe: true, "deal-keys": false },
};

describe("the table of rights", () => {
  for (const role of roles) {
    for (const right of rights) {
      test(`a ${role} ${table[role][right] ? "may" : "may not"} ${right}`, () => {
        expect(hasRight(role, right)).toBe(table[role][right]);
      });
    }
  }
});
