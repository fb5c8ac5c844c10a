import { describe, expect, test } from "vitest";
import { visibilities } from "../protocol/room.ts";
import { roles, type Role } from "../protocol/signalling.ts";
import { requireEntry } from "./entry.ts";

const both = [true, false] as const;
const uninvitedToo: readonly Role[] = ["host", "moderator"];

describe("who may come in", () => {
  for (const role of roles) {
    for (const visibility of visibilities) {
      for (const [locked, banned, invited, present] of both.flatMap((a) =>
        both.flatMap((b) => both.flatMap((c) => both.map((d) => [a, b, c, d] as const))),
      )) {
        const outcome = banned
          ? "banned"
          : present || uninvitedToo.includes(role)
            ? "in"
            : locked
              ? "room-locked"
              : visibility === "public" || invited
                ? "in"
                : "not-invited";
        const who = [banned && "banned", invited && "invited", present && "present"]
          .filter(Boolean)
          .join(", ");
        test(`a ${role} (${who || "unknown"}) at a ${visibility}${locked ? ", locked" : ""} room: ${outcome}`, () => {
          const enter = (): void => {
            requireEntry({ visibility, locked }, { role, banned, invited, present });
          };
          if (outcome === "in") enter();
          else expect(enter).toThrow(expect.objectContaining({ code: outcome }));
        });
      }
    }
  }
});
