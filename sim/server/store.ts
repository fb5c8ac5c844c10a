import { z } from "zod";

const id = z.string().min(1).max(64);
const unixMs = z.number().int().min(0).max(8.64e15);
const limit = z.number().int().min(1).max(100_000);

/** `public`: whoever has a token; `social`: whom somebody inside has invited; `private`: who is on the list. */
export const visibilities = ["public", "social", "private"] as const;
/** `scheduled`: not opened yet; `open`; `ended`: nobody enters again. */
export const roomStates = ["scheduled", "open", "ended"] as const;
export type RoomState = (typeof roomStates)[number];

/** What is known of a room, whether somebody is in it or not. */
export const roomRecordSchema = z.strictObject({
  roomId: id,
  title: z.string().max(120),
  topic: z.string().max(500),
  visibility: z.enum(visibilities),
  state: z.enum(roomStates),
  /** Nobody enters, but for those who are in and come back. */
  locked: z.boolean(),
  /** All but hosts wait until a host is there. */
  lobby: z.boolean(),
  /** Null: the server's own limit. */
  maxStage: limit.nullable(),
  maxAudience: limit.nullable(),
  /** When a scheduled room is to open; null: not scheduled. */
  startsAtUnixMs: unixMs.nullable(),
  createdAtUnixMs: unixMs,
  endedAtUnixMs: unixMs.nullable(),
});
export type RoomRecord = z.infer<typeof roomRecordSchema>;

/** What may be changed of a room. It ends by `endRoom`, for good. */
export const roomChangesSchema = z.strictObject({
  title: roomRecordSchema.shape.title.optional(),
  topic: roomRecordSchema.shape.topic.optional(),
  visibility: roomRecordSchema.shape.visibility.optional(),
  state: z.enum(["scheduled", "open"]).optional(),
  locked: roomRecordSchema.shape.locked.optional(),
  lobby: roomRecordSchema.shape.lobby.optional(),
  maxStage: roomRecordSchema.shape.maxStage.optional(),
  maxAudience: roomRecordSchema.shape.maxAudience.optional(),
  startsAtUnixMs: roomRecordSchema.shape.startsAtUnixMs.optional(),
});
export type RoomChanges = z.infer<typeof roomChangesSchema>;

/** The room with those fields changed that are given. */
export function changeRoom(room: RoomRecord, changes: RoomChanges): RoomRecord {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...room, ...Object.fromEntries(given) };
}

export const banSchema = z.strictObject({
  roomId: id,
  participantId: id,
  /** Null: the admin API. */
  bannedBy: id.nullable(),
  atUnixMs: unixMs,
  /** Null: for as long as the room is there. */
  untilUnixMs: unixMs.nullable(),
});
export type Ban = z.infer<typeof banSchema>;

export const invitationSchema = z.strictObject({
  roomId: id,
  participantId: id,
  /** Null: the admin API. */
  invitedBy: id.nullable(),
  atUnixMs: unixMs,
});
export type Invitation = z.infer<typeof invitationSchema>;

/** What those with power over others did. */
export const auditActs = [
  "room-created",
  "room-updated",
  "room-ended",
  "room-locked",
  "room-unlocked",
  "host-claimed",
  "host-handed-over",
  "role-changed",
  "invited-to-stage",
  "moved-to-audience",
  "hand-lowered",
  "muted",
  "asked-to-unmute",
  "kicked",
  "banned",
  "unbanned",
  "invited",
  "uninvited",
  "drain-started",
] as const;
export type AuditAct = (typeof auditActs)[number];

export const auditEntrySchema = z.strictObject({
  /** Rises by the order of writing. */
  sequence: z.number().int().min(1),
  atUnixMs: unixMs,
  /** The participant who did it; null: the admin API. */
  actorId: id.nullable(),
  act: z.enum(auditActs),
  /** Null: the whole server. */
  roomId: id.nullable(),
  /** On whom; null: on nobody in particular. */
  targetId: id.nullable(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** A webhook on its way. */
export type Delivery = {
  deliveryId: string;
  event: string;
  /** The body as it is signed and sent: JSON. */
  body: string;
  createdAtUnixMs: number;
  /** Tries that failed. */
  attempts: number;
  nextAttemptUnixMs: number;
};

/** One page of a list: those after a key, in the key's order. */
export type Page<Key> = { after?: Key | undefined; limit: number };

/**
 * What outlives a connection. All methods are asynchronous, since a store may be
 * another machine; each is atomic by itself. They reject only where the store fails.
 */
export type Store = AsyncDisposable & {
  getRoom(roomId: string): Promise<RoomRecord | undefined>;
  /** By id. */
  listRooms(page: Page<string> & { state?: RoomState | undefined }): Promise<RoomRecord[]>;
  countRooms(): Promise<Record<RoomState, number>>;
  /** False where there is a room of this id, ended or not: it stays as it is. */
  createRoom(room: RoomRecord): Promise<boolean>;
  /** The room as it then is; undefined where there is none or it has ended. */
  updateRoom(roomId: string, changes: RoomChanges): Promise<RoomRecord | undefined>;
  /** False where there is none or it has ended before. */
  endRoom(roomId: string, atUnixMs: number): Promise<boolean>;

  /** A later ban of the same participant takes an earlier one's place. */
  addBan(ban: Ban): Promise<void>;
  /** False where there was none. */
  removeBan(roomId: string, participantId: string): Promise<boolean>;
  isBanned(roomId: string, participantId: string, nowUnixMs: number): Promise<boolean>;
  /** Those in force, by participant. */
  listBans(roomId: string, nowUnixMs: number, page: Page<string>): Promise<Ban[]>;

  addInvitation(invitation: Invitation): Promise<void>;
  /** False where there was none. */
  removeInvitation(roomId: string, participantId: string): Promise<boolean>;
  hasInvitation(roomId: string, participantId: string): Promise<boolean>;
  /** By participant. */
  listInvitations(roomId: string, page: Page<string>): Promise<Invitation[]>;

  appendAudit(entry: Omit<AuditEntry, "sequence">): Promise<AuditEntry>;
  /** From the oldest on. */
  listAudit(page: Page<number> & { roomId?: string | undefined }): Promise<AuditEntry[]>;

  /** False where `maxDeliveries` are on their way already: this one is not taken. */
  addDelivery(delivery: Delivery, maxDeliveries: number): Promise<boolean>;
  /** Those whose time has come, the most overdue first. */
  dueDeliveries(nowUnixMs: number, limit: number): Promise<Delivery[]>;
  /** When the next is due; undefined: none is on its way. */
  nextDeliveryUnixMs(): Promise<number | undefined>;
  postponeDelivery(deliveryId: string, attempts: number, nextAttemptUnixMs: number): Promise<void>;
  removeDelivery(deliveryId: string): Promise<void>;
  countDeliveries(): Promise<number>;

  /** Can be called twice; nothing is asked of it afterwards. */
  close(): Promise<void>;
};
