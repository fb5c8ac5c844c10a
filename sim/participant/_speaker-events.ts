import type { Member } from "../protocol/signalling.ts";
import { SessionError } from "./errors.ts";
import type { SecretReceiver } from "./secret-receiver.ts";
import type { SessionBreak } from "./session-break.ts";
import type { TargetEvents } from "./target.ts";

/** What of a session's events concerns a speaker. */
export function speakerEvents(handlers: {
  keys: SecretReceiver | undefined;
  breaking: SessionBreak;
  mediaLost(): void;
  back(awayMs: number): void;
  joined(member: Member): void;
  left(participantId: string): void;
}): TargetEvents {
  return {
    memberJoined: (member) => {
      handlers.joined(member);
    },
    memberLeft: (participantId) => {
      handlers.left(participantId);
    },
    // Who is in the room, and so who has keys, stays the same.
    memberChanged: () => undefined,
    // A speaker's connection only sends: no streams come to it.
    streamAdded: () => undefined,
    streamRemoved: () => undefined,
    streamPaused: () => undefined,
    sealed: (_from, message) => handlers.keys?.open(message),
    mediaLost: handlers.mediaLost,
    away: () => {
      handlers.breaking.away();
    },
    back: (awayMs) => {
      handlers.back(awayMs);
      if (handlers.breaking.back()) handlers.mediaLost();
    },
    transportState: () => undefined,
    ended: ({ kind, message }) => {
      handlers.breaking.break(new SessionError(kind, message));
    },
  };
}
