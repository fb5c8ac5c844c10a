import { describe, expect, test } from "vitest";
import { roles } from "../protocol/signalling.ts";
import { hasRight, outranks, type Right } from "../server/rights.ts";
import type { ActOnMember } from "./requests.ts";
import { offersFor } from "./rights.ts";

const rightTo: Readonly<Record<Exclude<ActOnMember, "inviteToRoom">, Right>> = {
  inviteToStage: "invite-to-stage",
  moveToAudience: "move-to-audience",
  muteParticipant: "mute-others",
  askToUnmute: "ask-unmute",
  kick: "kick",
  ban: "ban",
  grantModerator: "grant-moderator",
  revokeModerator: "grant-moderator",
  handOverHost: "hand-over-host",
};
const seatOf = (role: string): number | null => (role === "listener" ? null : 1);

describe("what the page offers to do to somebody", () => {
  test.each(roles.flatMap((mine) => roles.map((theirs) => [mine, theirs] as const)))(
    "is what the server lets a %s do to a %s",
    (mine, theirs) => {
      const me = { participantId: "me", name: "Me", role: mine, seat: seatOf(mine) };
      const them = { participantId: "them", role: theirs, seat: seatOf(theirs) };
      const offered = [true, false].flatMap((isMuted) => offersFor(me, them, isMuted).map(({ act }) => act));
      const allowed = Object.entries(rightTo).flatMap(([act, right]) => {
        const fits =
          act === "revokeModerator"
            ? theirs === "moderator"
            : act === "grantModerator"
              ? theirs === "speaker"
              : ["inviteToStage", "kick", "ban"].includes(act) || them.seat !== null;
        const isSense = act !== "inviteToStage" || them.seat === null;
        return hasRight(mine, right) && outranks(mine, theirs) && fits && isSense ? [act] : [];
      });
      expect(new Set(offered)).toEqual(new Set(allowed));
    },
  );

  test("is nothing to oneself", () => {
    const me = { participantId: "me", name: "Me", role: "host", seat: 0 } as const;
    expect(offersFor(me, { ...me, role: "listener" }, false)).toEqual([]);
  });

  test("asks once more before it takes something away", () => {
    const me = { participantId: "me", name: "Me", role: "host", seat: 0 } as const;
    const offers = offersFor(me, { participantId: "b", role: "speaker", seat: 1 }, false);
    expect(offers.filter(({ isGrave }) => isGrave).map(({ act }) => act)).toEqual([
      "handOverHost",
      "kick",
      "ban",
    ]);
  });
});
