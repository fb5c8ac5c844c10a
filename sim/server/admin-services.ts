import { z } from "zod";
import type { Role } from "../protocol/signalling.ts";
import type { WallClock } from "../util/clock.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Drain } from "./drain.ts";
import { banSchema, roomRecordSchema, type RoomRecord, type Store } from "./store.ts";

/** The rooms that somebody is in now, as the admin API sees and changes them. */
export type LiveRooms = {
  list(): { roomId: string; participants: number }[];
  participants(roomId: string): { participantId: string; role: Role; seat: number | null }[];
  /** Puts somebody out, media and connection, at once; false where they are not there. */
  putOut(roomId: string, participantId: string, reason: "kicked" | "banned"): boolean;
  /** A ban was lifted. */
  letBackIn(roomId: string, participantId: string): void;
  /** An invitation was taken back. */
  uninvited(roomId: string, participantId: string): void;
  /** Puts everybody out; false where nobody is there. */
  end(roomId: string): boolean;
  /** What the room goes by has been changed. */
  changed(room: RoomRecord): void;
};

export type AdminServices = {
  store: Store;
  rooms: LiveRooms;
  audit: AuditLog;
  drain: Drain;
  clock: WallClock;
};

/** Parameters that many routes have. */
export const roomParams = z.strictObject({ roomId: roomRecordSchema.shape.roomId });
export const participantParams = roomParams.extend({ participantId: banSchema.shape.participantId });
export const limit = z.coerce.number().int().min(1).max(500).default(100);
export const pageById = z.strictObject({ after: z.string().max(64).optional(), limit });
