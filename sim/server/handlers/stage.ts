import type { z } from "zod";
import type { requests, RequestName, ResponseBody, Role } from "../../protocol/signalling.ts";
import { RequestError } from "../errors.ts";
import type { Participant } from "../participant.ts";
import type { Room } from "../room.ts";
import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";
import { record } from "./record.ts";

type Body<Name extends RequestName> = z.output<(typeof requests)[Name]["request"]>;

const noAnswer = {};

export function raiseHand(
  { room, participant }: Place,
  _body: Body<"raiseHand">,
  session: Session,
): ResponseBody<"raiseHand"> {
  participant.require("raise-hand");
  session.services.limits.requireByAccount("hand", participant.id);
  return { position: room.raiseHand(participant) };
}

export function lowerHand(
  place: Place,
  { participantId }: Body<"lowerHand">,
  session: Session,
): ResponseBody<"lowerHand"> {
  const { room, participant } = place;
  if (participantId === undefined || participantId === participant.id) {
    session.services.limits.requireByAccount("hand", participant.id);
    room.lowerHand(participant.id);
    return noAnswer;
  }
  const target = room.participant(participantId);
  participant.requireOver("lower-any-hand", target);
  if (!room.lowerHand(target.id)) throw new RequestError("not-found", "this hand is not up");
  target.connection.event("handLowered", { by: participant.id });
  record(session, place, "hand-lowered", target.id);
  return noAnswer;
}

export function inviteToStage(
  place: Place,
  { participantId }: Body<"inviteToStage">,
  session: Session,
): ResponseBody<"inviteToStage"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("invite-to-stage", target);
  if (target.onStage) throw new RequestError("forbidden", "this participant is on the stage");
  target.invitedBy = participant.id;
  target.connection.event("stageInvitation", { by: participant.id });
  record(session, place, "invited-to-stage", target.id);
  return noAnswer;
}

export function acceptStage({ room, participant }: Place): ResponseBody<"acceptStage"> {
  requireInvitation(participant);
  room.changeRole(participant, "speaker");
  return placement(participant);
}

export function declineStage({ room, participant }: Place): ResponseBody<"declineStage"> {
  const by = requireInvitation(participant);
  participant.invitedBy = undefined;
  room.lowerHand(participant.id);
  room.participants.get(by)?.connection.event("stageDeclined", { participantId: participant.id });
  return noAnswer;
}

export function stepDown({ room, participant }: Place): ResponseBody<"stepDown"> {
  participant.require("step-down");
  room.changeRole(participant, "listener");
  return placement(participant);
}

export function moveToAudience(
  place: Place,
  { participantId }: Body<"moveToAudience">,
  session: Session,
): ResponseBody<"moveToAudience"> {
  const { room, participant } = place;
  const target = requireOnStage(room.participant(participantId));
  participant.requireOver("move-to-audience", target);
  give(place, target, "listener");
  record(session, place, "moved-to-audience", target.id);
  return noAnswer;
}

export function grantModerator(
  place: Place,
  { participantId }: Body<"grantModerator">,
  session: Session,
): ResponseBody<"grantModerator"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("grant-moderator", target);
  requireOnStage(target);
  give(place, target, "moderator");
  record(session, place, "role-changed", target.id);
  return noAnswer;
}

export function revokeModerator(
  place: Place,
  { participantId }: Body<"revokeModerator">,
  session: Session,
): ResponseBody<"revokeModerator"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("grant-moderator", target);
  if (target.role !== "moderator") throw new RequestError("forbidden", "this participant is no moderator");
  give(place, target, "speaker");
  record(session, place, "role-changed", target.id);
  return noAnswer;
}

export function handOverHost(
  place: Place,
  { participantId }: Body<"handOverHost">,
  session: Session,
): ResponseBody<"handOverHost"> {
  const { room, participant } = place;
  const target = room.participant(participantId);
  participant.requireOver("hand-over-host", target);
  requireOnStage(target);
  room.changeRole(participant, "moderator");
  give(place, target, "host");
  record(session, place, "host-handed-over", target.id);
  return noAnswer;
}

export function claimHost(
  place: Place,
  _body: Body<"claimHost">,
  session: Session,
): ResponseBody<"claimHost"> {
  const { room, participant } = place;
  participant.require("claim-host");
  if (room.claimant !== participant.id) {
    throw new RequestError(
      "forbidden",
      room.host === undefined ? "it is not your turn, or too early, to be host" : "there is a host",
    );
  }
  give(place, participant, "host");
  record(session, place, "host-claimed", participant.id);
  return placement(participant);
}

/** Changes a role, and tells who has it now all that comes with it. */
function give({ room, participant }: Place, target: Participant, role: Role): void {
  room.changeRole(target, role);
  target.connection.event("roleChanged", {
    ...placement(target),
    by: participant.id,
    audience: audienceFor(room, target),
  });
}

function audienceFor(room: Room, participant: Participant): Room["audience"] | null {
  return participant.may("deal-keys") ? room.audience : null;
}

function placement({ member: { role, seat } }: Participant): ResponseBody<"stepDown"> {
  return { role, seat };
}

function requireInvitation(participant: Participant): string {
  participant.require("answer-invitation");
  if (participant.invitedBy === undefined) throw new RequestError("not-found", "nobody has invited you");
  return participant.invitedBy;
}

function requireOnStage(participant: Participant): Participant {
  if (!participant.onStage) throw new RequestError("forbidden", "this participant is not on the stage");
  return participant;
}
