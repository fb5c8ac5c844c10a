/** For tests: members, rooms and answers as the server gives them. */
import type { JoinAnswer, Member, Role } from "../protocol/signalling.ts";

export function member(participantId: string, role: Role, seat: number | null = null): Member {
  const name = participantId.charAt(0).toUpperCase() + participantId.slice(1);
  return { participantId, name, role, seat, publicKey: null };
}

export function joinAnswer(more: Partial<JoinAnswer> = {}): JoinAnswer {
  return {
    participantId: "me",
    roomId: "panel",
    role: "listener",
    seat: null,
    stage: [member("ann", "host", 0)],
    audience: null,
    audienceSize: 1,
    rtpCapabilities: {},
    room: {
      roomId: "panel",
      title: "Panel",
      topic: "",
      visibility: "public",
      state: "open",
      locked: false,
      lobby: false,
      maxStage: null,
      maxAudience: null,
      startsAtUnixMs: null,
    },
    resumeToken: "first",
    ...more,
  };
}
