import type { JoinAnswer } from "../../protocol/signalling.ts";
import type { Participant } from "../participant.ts";
import type { Room } from "../room.ts";

/** Where a participant stands, its media apart: for who joins, and for who comes back. */
export function standing(
  room: Room,
  participant: Participant,
): Omit<JoinAnswer, "transport" | "streams" | "waiting" | "resumeToken"> {
  const { role, seat } = participant.member;
  return {
    participantId: participant.id,
    roomId: room.id,
    role,
    seat,
    stage: room.stage,
    audience: participant.may("deal-keys") ? room.audience : null,
    audienceSize: room.audienceSize,
    rtpCapabilities: room.media.capabilities,
    room: room.description,
    ...(participant.may("see-hands") ? { hands: room.hands } : {}),
  };
}
