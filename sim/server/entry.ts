import type { RoomDescription } from "../protocol/room.ts";
import type { Role } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";
import { hasRight } from "./rights.ts";

type Applicant = {
  role: Role;
  banned: boolean;
  invited: boolean;
  /** Is in the room, and takes its own place. */
  present: boolean;
};

/** Throws RequestError `banned`, `room-locked` or `not-invited` unless somebody like this may come in. */
export function requireEntry(
  { visibility, locked }: Pick<RoomDescription, "visibility" | "locked">,
  { role, banned, invited, present }: Applicant,
): void {
  if (banned) throw new RequestError("banned", "you are banned from this room");
  if (present) return;
  if (locked && !hasRight(role, "enter-locked")) {
    throw new RequestError("room-locked", "the room is locked: nobody new is let in");
  }
  if (visibility !== "public" && !invited && !hasRight(role, "enter-uninvited")) {
    throw new RequestError("not-invited", `the room is ${visibility}: only those invited are let in`);
  }
}
