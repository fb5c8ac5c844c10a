import type { Member } from "../protocol/signalling.ts";

/**
 * Whose turn it is to be host when there is none: of the moderators who has sat on the
 * stage the longest, else of the speakers. Undefined where nobody is on the stage.
 */
export function heirOf(members: Iterable<Member>): Member | undefined {
  let heir: Member | undefined;
  for (const member of members) if (heir === undefined || precedes(member, heir)) heir = member;
  return heir?.seat === null ? undefined : heir;
}

function precedes(one: Member, other: Member): boolean {
  if (one.seat === null || other.seat === null) return other.seat === null && one.seat !== null;
  const isModerator = one.role === "moderator";
  if (isModerator !== (other.role === "moderator")) return isModerator;
  return one.seat < other.seat;
}
