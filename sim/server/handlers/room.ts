import type { z } from "zod";
import type { RoomChange } from "../../protocol/room.ts";
import type { requests, RequestName, ResponseBody } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import type { Right } from "../rights.ts";
import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";
import { record } from "./record.ts";

type Body<Name extends RequestName> = z.output<(typeof requests)[Name]["request"]>;

const noAnswer = {};

/** The right that it takes to change each thing about a room. */
const rightTo = {
  title: "set-topic",
  topic: "set-topic",
  locked: "lock",
  maxStage: "set-limits",
  maxAudience: "set-limits",
  visibility: "set-visibility",
} as const satisfies Record<keyof RoomChange, Right>;

export function roomInfo({ room }: Place): ResponseBody<"roomInfo"> {
  return room.info;
}

export function listAudience(
  { room, participant }: Place,
  { offset, limit }: Body<"listAudience">,
): ResponseBody<"listAudience"> {
  participant.require("list-audience");
  return { members: room.audience.slice(offset, offset + limit), total: room.audienceSize };
}

export async function setRoom(
  place: Place,
  change: Body<"setRoom">,
  session: Session,
): Promise<ResponseBody<"setRoom">> {
  const { room, participant } = place;
  for (const [key, right] of Object.entries(rightTo))
    if (Object.hasOwn(change, key)) participant.require(right);
  if (room.details.defined && (await session.services.directory.updateRoom(room.id, change)) === undefined) {
    throw new RequestError("room-ended", "the room has ended");
  }
  room.change(change);
  const { locked, ...rest } = change;
  if (locked !== undefined) record(session, place, locked ? "room-locked" : "room-unlocked");
  if (Object.keys(rest).length > 0) record(session, place, "room-updated");
  return { room: room.description };
}

export async function endRoom(
  place: Place,
  _body: Body<"endRoom">,
  session: Session,
): Promise<ResponseBody<"endRoom">> {
  const { room, participant } = place;
  const { directory, wallClock } = session.services;
  participant.require("end-room");
  // First, so that nobody who is on the way in brings the room to life again.
  if (room.details.defined) await directory.endRoom(room.id, wallClock.nowUnixMs());
  record(session, place, "room-ended");
  // The answer goes out before the connection closes.
  setImmediate(() => {
    room.end("room-ended");
  });
  return noAnswer;
}

export async function inviteToRoom(
  place: Place,
  { participantId }: Body<"inviteToRoom">,
  session: Session,
): Promise<ResponseBody<"inviteToRoom">> {
  const { room, participant } = place;
  const { directory, wallClock } = session.services;
  participant.require(room.details.visibility === "private" ? "invite-to-room" : "invite-to-social-room");
  room.invited.add(participantId);
  await directory.addInvitation({
    roomId: room.id,
    participantId,
    invitedBy: participant.id,
    atUnixMs: wallClock.nowUnixMs(),
  });
  record(session, place, "invited", participantId);
  return noAnswer;
}
