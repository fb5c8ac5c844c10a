import { SessionError } from "./errors.ts";
import type { KeyDealer } from "./key-dealer.ts";
import type { SessionBreak } from "./session-break.ts";
import type { TargetEvents } from "./target.ts";

/** What of a session's events concerns a speaker. */
export function speakerEvents(handlers: {
  keys: KeyDealer | undefined;
  breaking: SessionBreak;
  mediaLost(): void;
  back(awayMs: number): void;
}): TargetEvents {
  return {
    memberJoined: (member) => handlers.keys?.joined(member),
    memberLeft: (participantId) => handlers.keys?.left(participantId),
    memberChanged: (member) => handlers.keys?.changed(member),
    // A speaker's connection only sends: no streams come to it.
    streamAdded: () => undefined,
    streamRemoved: () => undefined,
    streamPaused: () => undefined,
    sealed: (from, message) => handlers.keys?.open(from, message),
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
