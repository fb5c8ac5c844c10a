import type { z } from "zod";
import type { requests, RequestName, ResponseBody } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import { outranks } from "../rights.ts";
import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";
import { record } from "./record.ts";

type Body<Name extends RequestName> = z.output<(typeof requests)[Name]["request"]>;

const noAnswer = {};

export async function muteParticipant(
  place: Place,
  { participantId }: Body<"muteParticipant">,
  session: Session,
): Promise<ResponseBody<"muteParticipant">> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("mute-others", target);
  const loud = [...target.streams.values()].filter((stream) => !stream.paused && !stream.closed);
  await Promise.all(loud.map((stream) => room.media.setPaused(stream, true)));
  target.connection.event("muted", { by: participant.id });
  record(session, place, "muted", target.id);
  return noAnswer;
}

export function askToUnmute(
  place: Place,
  { participantId }: Body<"askToUnmute">,
  session: Session,
): ResponseBody<"askToUnmute"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("ask-unmute", target);
  target.connection.event("unmuteAsked", { by: participant.id });
  record(session, place, "asked-to-unmute", target.id);
  return noAnswer;
}

export function kick(place: Place, { participantId }: Body<"kick">, session: Session): ResponseBody<"kick"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("kick", target);
  room.demoteForLater(target.id);
  room.remove(target, "kicked");
  record(session, place, "kicked", target.id);
  return noAnswer;
}

/** Somebody who is not here, too. */
export async function ban(
  place: Place,
  { participantId }: Body<"ban">,
  session: Session,
): Promise<ResponseBody<"ban">> {
  const { room, participant } = place;
  const { directory, wallClock } = session.services;
  participant.require("ban");
  const rank = room.rankOf(participantId);
  if (!outranks(participant.role, rank)) {
    throw new RequestError("forbidden", `a ${participant.role} has no right to ban a ${rank}`);
  }
  // At once, and before the store is asked: whoever is on the way in is refused as well.
  room.banned.add(participantId);
  room.demoteForLater(participantId);
  room.lobby.remove(participantId, "banned");
  const target = room.participants.get(participantId);
  if (target !== undefined) room.remove(target, "banned");
  await directory.addBan({
    roomId: room.id,
    participantId,
    bannedBy: participant.id,
    atUnixMs: wallClock.nowUnixMs(),
    untilUnixMs: null,
  });
  record(session, place, "banned", participantId);
  return noAnswer;
}

export async function unban(
  place: Place,
  { participantId }: Body<"unban">,
  session: Session,
): Promise<ResponseBody<"unban">> {
  const { room, participant } = place;
  participant.require("ban");
  const wasBanned = await session.services.directory.removeBan(room.id, participantId);
  room.banned.delete(participantId);
  if (!wasBanned) throw new RequestError("not-found", "there is no such ban");
  record(session, place, "unbanned", participantId);
  return noAnswer;
}
