import { roles, type Member, type Role } from "../protocol/signalling.ts";
import type { ActOnMember } from "./requests.ts";
import type { Me } from "./state.ts";

/** Something that may be done to a member: what the page offers. The server alone decides. */
export type Offer = {
  readonly act: ActOnMember;
  readonly label: string;
  /** Takes away: asks once more before it is done. */
  readonly isGrave: boolean;
};

export function moderates(role: Role): boolean {
  return role === "host" || role === "moderator";
}

function outranks(one: Role, other: Role): boolean {
  return roles.indexOf(one) < roles.indexOf(other);
}

/** What the one may do to the other, the most usual first; nothing to oneself. */
export function offersFor(
  me: Me,
  member: Pick<Member, "participantId" | "role" | "seat">,
  isMuted: boolean,
): Offer[] {
  if (me.participantId === member.participantId || !moderates(me.role) || !outranks(me.role, member.role))
    return [];
  const offers: Offer[] = [];
  const offer = (act: ActOnMember, label: string, isGrave = false): void => {
    offers.push({ act, label, isGrave });
  };
  if (member.seat === null) {
    offer("inviteToStage", "Invite to the stage");
  } else {
    if (isMuted) offer("askToUnmute", "Ask to unmute");
    else offer("muteParticipant", "Mute");
    offer("moveToAudience", "Move to the audience");
    if (me.role === "host") {
      if (member.role === "moderator") offer("revokeModerator", "Take back moderating");
      else offer("grantModerator", "Make moderator");
      offer("handOverHost", "Hand over the room", true);
    }
  }
  offer("kick", "Remove from the room", true);
  offer("ban", "Ban from the room", true);
  return offers;
}
