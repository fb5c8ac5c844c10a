import type { Place } from "../resume-tokens.ts";
import type { Session } from "../session.ts";
import type { AuditAct } from "../store.ts";

/** An act of moderation is done: it goes on the record. */
export function record(
  { services }: Session,
  { room, participant }: Place,
  act: AuditAct,
  targetId: string | null = null,
): void {
  services.acted({ actorId: participant.id, act, roomId: room.id, targetId });
}
