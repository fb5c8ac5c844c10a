import { describe, expect, test } from "vitest";
import { roles } from "../protocol/signalling.ts";
import { hasRight, outranks, rights, type Right } from "./rights.ts";

/** By host, moderator, speaker, listener. */
const table: Record<Right, string> = {
  publish: "yes yes yes no",
  subscribe: "yes yes yes yes",
  "deal-keys": "yes yes yes no",
  "list-audience": "yes yes yes yes",
  "raise-hand": "no no no yes",
  "see-hands": "yes yes yes no",
  "lower-any-hand": "yes yes no no",
  "invite-to-stage": "yes yes no no",
  "answer-invitation": "no no no yes",
  "step-down": "no yes yes no",
  "move-to-audience": "yes yes no no",
  "mute-others": "yes yes no no",
  "ask-unmute": "yes yes no no",
  kick: "yes yes no no",
  ban: "yes yes no no",
  "set-topic": "yes yes no no",
  lock: "yes yes no no",
  "set-limits": "yes no no no",
  "set-visibility": "yes no no no",
  "end-room": "yes no no no",
  "grant-moderator": "yes no no no",
  "hand-over-host": "yes no no no",
  "claim-host": "no yes yes no",
  "invite-to-room": "yes yes no no",
  "invite-to-social-room": "yes yes yes yes",
  "enter-uninvited": "yes yes no no",
  "enter-locked": "yes yes no no",
  "open-room": "yes no no no",
};

function cells(right: Right): boolean[] {
  return table[right].split(" ").map((cell) => cell === "yes");
}

function isRight(name: string): name is Right {
  return Object.hasOwn(table, name);
}

describe("the table of rights", () => {
  test("holds these rights and no others", () => {
    expect(rights.toSorted()).toEqual(Object.keys(table).toSorted());
  });

  for (const right of Object.keys(table).filter(isRight)) {
    for (const [index, role] of roles.entries()) {
      const may = cells(right)[index];
      test(`a ${role} ${may === true ? "may" : "may not"} ${right}`, () => {
        expect(hasRight(role, right)).toBe(may);
      });
    }
  }
});

describe("ranks", () => {
  test("go from host down to listener, and nobody outranks its equal", () => {
    for (const [i, one] of roles.entries()) {
      for (const [j, other] of roles.entries()) expect(outranks(one, other), `${one}, ${other}`).toBe(i < j);
    }
  });
});
