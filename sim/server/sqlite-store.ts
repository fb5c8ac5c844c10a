import { DatabaseSync, type StatementSync } from "node:sqlite";
import { z } from "zod";
import { SetupError } from "../util/errors.ts";
import { migrate } from "./_sqlite-schema.ts";
import {
  auditEntrySchema,
  banSchema,
  changeRoom,
  invitationSchema,
  roomRecordSchema,
  type AuditEntry,
  type Ban,
  type Delivery,
  type Invitation,
  type Page,
  type RoomChanges,
  type RoomRecord,
  type RoomState,
  type Store,
} from "./store.ts";

/** How long a write waits for another process that holds the file, at most; the event loop waits with it. */
const busyTimeoutMs = 1000;

const sqlBoolean = z.int().transform((value) => value !== 0);
const roomRow = roomRecordSchema.extend({ locked: sqlBoolean, lobby: sqlBoolean });
const deliveryRow = z.strictObject({
  deliveryId: z.string(),
  event: z.string(),
  body: z.string(),
  createdAtUnixMs: z.int(),
  attempts: z.int(),
  nextAttemptUnixMs: z.int(),
});
const countRow = z.strictObject({ state: z.enum(["scheduled", "open", "ended"]), n: z.int() });

/** Before all else that could come after a text, and after nothing. */
const first = "";

/**
 * A store in one file of SQLite, made where there is none. Throws SetupError
 * `store-unusable`, `store-foreign` (another program's) or `store-newer` (a later version's).
 */
export function openSqliteStore(file: string): Store {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: busyTimeoutMs });
    database.exec("pragma journal_mode = wal; pragma synchronous = normal;");
    migrate(database, file);
  } catch (cause) {
    database?.close();
    if (cause instanceof SetupError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError("store-unusable", `${file} cannot be used as the store: ${why}`, {
      hint: "choose a file that is not there yet, in a directory that may be written to",
      cause,
    });
  }
  return new SqliteStore(database);
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#sql = prepare(database);
  }

  async getRoom(roomId: string): Promise<RoomRecord | undefined> {
    return this.#room(roomId);
  }

  async listRooms({
    state,
    after = first,
    limit,
  }: Page<string> & { state?: RoomState | undefined }): Promise<RoomRecord[]> {
    const { listRooms, listRoomsByState } = this.#sql;
    const rows =
      state === undefined ? listRooms.all(after, limit) : listRoomsByState.all(state, after, limit);
    return rows.map((row) => roomRow.parse(row));
  }

  async countRooms(): Promise<Record<RoomState, number>> {
    const counts = { scheduled: 0, open: 0, ended: 0 };
    for (const row of this.#sql.countRooms.all()) {
      const { state, n } = countRow.parse(row);
      counts[state] = n;
    }
    return counts;
  }

  async createRoom(room: RoomRecord): Promise<boolean> {
    return changed(this.#sql.createRoom, roomValues(room));
  }

  async updateRoom(roomId: string, changes: RoomChanges): Promise<RoomRecord | undefined> {
    return this.#atomically(() => {
      const room = this.#room(roomId);
      if (room === undefined || room.state === "ended") return undefined;
      const changedRoom = changeRoom(room, changes);
      this.#sql.replaceRoom.run(roomValues(changedRoom));
      return changedRoom;
    });
  }

  async endRoom(roomId: string, atUnixMs: number): Promise<boolean> {
    return changed(this.#sql.endRoom, { roomId, atUnixMs });
  }

  async addBan(ban: Ban): Promise<void> {
    this.#sql.addBan.run(ban);
  }

  async removeBan(roomId: string, participantId: string): Promise<boolean> {
    return changed(this.#sql.removeBan, { roomId, participantId });
  }

  async isBanned(roomId: string, participantId: string, nowUnixMs: number): Promise<boolean> {
    return this.#sql.isBanned.get(roomId, participantId, nowUnixMs) !== undefined;
  }

  async listBans(roomId: string, nowUnixMs: number, { after = first, limit }: Page<string>): Promise<Ban[]> {
    return this.#sql.listBans.all(roomId, nowUnixMs, after, limit).map((row) => banSchema.parse(row));
  }

  async addInvitation(invitation: Invitation): Promise<void> {
    this.#sql.addInvitation.run(invitation);
  }

  async removeInvitation(roomId: string, participantId: string): Promise<boolean> {
    return changed(this.#sql.removeInvitation, { roomId, participantId });
  }

  async hasInvitation(roomId: string, participantId: string): Promise<boolean> {
    return this.#sql.hasInvitation.get(roomId, participantId) !== undefined;
  }

  async listInvitations(roomId: string, { after = first, limit }: Page<string>): Promise<Invitation[]> {
    return this.#sql.listInvitations.all(roomId, after, limit).map((row) => invitationSchema.parse(row));
  }

  async appendAudit(entry: Omit<AuditEntry, "sequence">): Promise<AuditEntry> {
    const { lastInsertRowid } = this.#sql.appendAudit.run(entry);
    return { sequence: Number(lastInsertRowid), ...entry };
  }

  async listAudit({
    roomId,
    after = 0,
    limit,
  }: Page<number> & { roomId?: string | undefined }): Promise<AuditEntry[]> {
    const { listAudit, listAuditOfRoom } = this.#sql;
    const rows =
      roomId === undefined ? listAudit.all(after, limit) : listAuditOfRoom.all(roomId, after, limit);
    return rows.map((row) => auditEntrySchema.parse(row));
  }

  async addDelivery(delivery: Delivery, maxDeliveries: number): Promise<boolean> {
    return changed(this.#sql.addDelivery, { ...delivery, maxDeliveries });
  }

  async dueDeliveries(nowUnixMs: number, limit: number): Promise<Delivery[]> {
    return this.#sql.dueDeliveries.all(nowUnixMs, limit).map((row) => deliveryRow.parse(row));
  }

  async nextDeliveryUnixMs(): Promise<number | undefined> {
    const next = this.#sql.nextDelivery.get()?.["next"];
    return typeof next === "number" ? next : undefined;
  }

  async postponeDelivery(deliveryId: string, attempts: number, nextAttemptUnixMs: number): Promise<void> {
    this.#sql.postponeDelivery.run({ deliveryId, attempts, nextAttemptUnixMs });
  }

  async removeDelivery(deliveryId: string): Promise<void> {
    this.#sql.removeDelivery.run(deliveryId);
  }

  async countDeliveries(): Promise<number> {
    return Number(this.#sql.countDeliveries.get()?.["n"]);
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #room(roomId: string): RoomRecord | undefined {
    const row = this.#sql.getRoom.get(roomId);
    return row === undefined ? undefined : roomRow.parse(row);
  }

  #atomically<T>(work: () => T): T {
    this.#database.exec("begin immediate");
    try {
      const result = work();
      this.#database.exec("commit");
      return result;
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
}

/** Every statement, prepared once. */
function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  const roomColumns =
    "roomId, title, topic, visibility, state, locked, lobby, maxStage, maxAudience, startsAtUnixMs, createdAtUnixMs, endedAtUnixMs";
  const roomNames = `:${roomColumns.replaceAll(", ", ", :")}`;
  return {
    getRoom: sql("select * from rooms where roomId = ?"),
    listRooms: sql("select * from rooms where roomId > ? order by roomId limit ?"),
    listRoomsByState: sql("select * from rooms where state = ? and roomId > ? order by roomId limit ?"),
    countRooms: sql("select state, count(*) as n from rooms group by state"),
    createRoom: sql(`insert or ignore into rooms (${roomColumns}) values (${roomNames})`),
    replaceRoom: sql(`insert or replace into rooms (${roomColumns}) values (${roomNames})`),
    endRoom: sql(
      "update rooms set state = 'ended', endedAtUnixMs = :atUnixMs where roomId = :roomId and state <> 'ended'",
    ),
    addBan: sql(
      `insert or replace into bans (roomId, participantId, bannedBy, atUnixMs, untilUnixMs)
       values (:roomId, :participantId, :bannedBy, :atUnixMs, :untilUnixMs)`,
    ),
    removeBan: sql("delete from bans where roomId = :roomId and participantId = :participantId"),
    isBanned: sql(
      "select 1 from bans where roomId = ? and participantId = ? and (untilUnixMs is null or untilUnixMs > ?)",
    ),
    listBans: sql(
      `select * from bans where roomId = ? and (untilUnixMs is null or untilUnixMs > ?) and participantId > ?
       order by participantId limit ?`,
    ),
    addInvitation: sql(
      `insert or replace into invitations (roomId, participantId, invitedBy, atUnixMs)
       values (:roomId, :participantId, :invitedBy, :atUnixMs)`,
    ),
    removeInvitation: sql(
      "delete from invitations where roomId = :roomId and participantId = :participantId",
    ),
    hasInvitation: sql("select 1 from invitations where roomId = ? and participantId = ?"),
    listInvitations: sql(
      "select * from invitations where roomId = ? and participantId > ? order by participantId limit ?",
    ),
    appendAudit: sql(
      `insert into audit (atUnixMs, actorId, act, roomId, targetId)
       values (:atUnixMs, :actorId, :act, :roomId, :targetId)`,
    ),
    listAudit: sql("select * from audit where sequence > ? order by sequence limit ?"),
    listAuditOfRoom: sql("select * from audit where roomId = ? and sequence > ? order by sequence limit ?"),
    addDelivery: sql(
      `insert into deliveries (deliveryId, event, body, createdAtUnixMs, attempts, nextAttemptUnixMs)
       select :deliveryId, :event, :body, :createdAtUnixMs, :attempts, :nextAttemptUnixMs
       where (select count(*) from deliveries) < :maxDeliveries`,
    ),
    dueDeliveries: sql(
      "select * from deliveries where nextAttemptUnixMs <= ? order by nextAttemptUnixMs limit ?",
    ),
    nextDelivery: sql("select min(nextAttemptUnixMs) as next from deliveries"),
    postponeDelivery: sql(
      "update deliveries set attempts = :attempts, nextAttemptUnixMs = :nextAttemptUnixMs where deliveryId = :deliveryId",
    ),
    removeDelivery: sql("delete from deliveries where deliveryId = ?"),
    countDeliveries: sql("select count(*) as n from deliveries"),
  };
}

function roomValues(room: RoomRecord): Record<string, string | number | null> {
  return { ...room, locked: Number(room.locked), lobby: Number(room.lobby) };
}

function changed(statement: StatementSync, values: Record<string, string | number | null>): boolean {
  return Number(statement.run(values).changes) > 0;
}
