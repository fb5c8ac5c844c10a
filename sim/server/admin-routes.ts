import { z } from "zod";
import { roleSchema, type Role } from "../protocol/signalling.ts";
import type { WallClock } from "../util/clock.ts";
import type { AuditLog } from "./audit-log.ts";
import { drainStatusSchema, type Drain } from "./drain.ts";
import { HttpError, route, type Route } from "./http-route.ts";
import {
  auditEntrySchema,
  banSchema,
  invitationSchema,
  roomChangesSchema,
  roomRecordSchema,
  roomStates,
  type RoomRecord,
  type Store,
} from "./store.ts";

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

const roomParams = z.strictObject({ roomId: roomRecordSchema.shape.roomId });
const participantParams = roomParams.extend({ participantId: banSchema.shape.participantId });
const limit = z.coerce.number().int().min(1).max(500).default(100);
const pageById = z.strictObject({ after: z.string().max(64).optional(), limit });

const newRoomSchema = roomRecordSchema
  .pick({ roomId: true, title: true })
  .extend(roomChangesSchema.omit({ title: true, state: true }).shape);
const liveRoomSchema = z.strictObject({ roomId: z.string(), participants: z.int() });
const liveParticipantSchema = z.strictObject({
  participantId: z.string(),
  role: roleSchema,
  seat: z.int().nullable(),
});
const longestDrainMs = 24 * 3_600_000;

/** Everything that can be asked below `/admin`. */
export function adminRoutes(services: AdminServices): Route[] {
  return [
    ...roomRoutes(services),
    ...participantRoutes(services),
    ...invitationRoutes(services),
    ...serverRoutes(services),
  ];
}

function roomRoutes({ store, rooms, audit, clock }: AdminServices): Route[] {
  return [
    route({
      method: "GET",
      path: "/rooms",
      operationId: "listRooms",
      summary: "The rooms that have been defined, by id.",
      query: pageById.extend({ state: z.enum(roomStates).optional() }),
      answer: z.strictObject({ rooms: z.array(roomRecordSchema) }),
      handle: async ({ query }) => ({ rooms: await store.listRooms(query) }),
    }),
    route({
      method: "POST",
      path: "/rooms",
      operationId: "createRoom",
      summary: "Defines a room: open, or scheduled where it is given when it starts.",
      body: newRoomSchema,
      success: 201,
      answer: roomRecordSchema,
      refusals: ["conflict"],
      handle: async ({ body }) => {
        const room = newRoom(body, clock.nowUnixMs());
        if (!(await store.createRoom(room))) {
          throw new HttpError("conflict", "there is a room of this id, or was: ids are not used again");
        }
        await audit.record({ actorId: null, act: "room-created", roomId: room.roomId });
        rooms.changed(room);
        return room;
      },
    }),
    route({
      method: "GET",
      path: "/rooms/{roomId}",
      operationId: "getRoom",
      summary: "One room as it is defined.",
      params: roomParams,
      answer: roomRecordSchema,
      refusals: ["not-found"],
      handle: async ({ params }) => (await store.getRoom(params.roomId)) ?? noSuchRoom(),
    }),
    route({
      method: "PATCH",
      path: "/rooms/{roomId}",
      operationId: "updateRoom",
      summary: "Changes what is given, for those who are in it too.",
      params: roomParams,
      body: roomChangesSchema,
      answer: roomRecordSchema,
      refusals: ["not-found"],
      handle: async ({ params, body }) => {
        const room = (await store.updateRoom(params.roomId, body)) ?? noSuchRoom();
        await audit.record({ actorId: null, act: "room-updated", roomId: room.roomId });
        rooms.changed(room);
        return room;
      },
    }),
    route({
      method: "DELETE",
      path: "/rooms/{roomId}",
      operationId: "endRoom",
      summary: "Ends a room for good, defined or not: everybody is put out, and nobody comes in again.",
      params: roomParams,
      success: 204,
      refusals: ["not-found"],
      handle: async ({ params: { roomId } }) => {
        const nowUnixMs = clock.nowUnixMs();
        const live = rooms.list().some((room) => room.roomId === roomId);
        // One that came into being by a join alone gets a record, so that it stays ended.
        if (live) await store.createRoom(newRoom({ roomId, title: "" }, nowUnixMs));
        const ended = await store.endRoom(roomId, nowUnixMs);
        if (!rooms.end(roomId) && !ended) noSuchRoom();
        await audit.record({ actorId: null, act: "room-ended", roomId });
      },
    }),
    route({
      method: "GET",
      path: "/live-rooms",
      operationId: "listLiveRooms",
      summary: "The rooms that somebody is in now, defined or not.",
      answer: z.strictObject({ rooms: z.array(liveRoomSchema) }),
      handle: async () => ({ rooms: rooms.list() }),
    }),
  ];
}

function participantRoutes({ store, rooms, audit, clock }: AdminServices): Route[] {
  return [
    route({
      method: "GET",
      path: "/rooms/{roomId}/participants",
      operationId: "listParticipants",
      summary: "Who is in a room now.",
      params: roomParams,
      answer: z.strictObject({ participants: z.array(liveParticipantSchema) }),
      handle: async ({ params }) => ({ participants: rooms.participants(params.roomId) }),
    }),
    route({
      method: "DELETE",
      path: "/rooms/{roomId}/participants/{participantId}",
      operationId: "kick",
      summary: "Puts somebody out, who may come again.",
      params: participantParams,
      success: 204,
      refusals: ["not-found"],
      handle: async ({ params: { roomId, participantId } }) => {
        if (!rooms.putOut(roomId, participantId, "kicked")) {
          throw new HttpError("not-found", "there is nobody of this id in the room");
        }
        await audit.record({ actorId: null, act: "kicked", roomId, targetId: participantId });
      },
    }),
    route({
      method: "GET",
      path: "/rooms/{roomId}/bans",
      operationId: "listBans",
      summary: "Who is banned from a room now, by id.",
      params: roomParams,
      query: pageById,
      answer: z.strictObject({ bans: z.array(banSchema) }),
      handle: async ({ params, query }) => ({
        bans: await store.listBans(params.roomId, clock.nowUnixMs(), query),
      }),
    }),
    route({
      method: "PUT",
      path: "/rooms/{roomId}/bans/{participantId}",
      operationId: "ban",
      summary: "Puts somebody out who is in, and lets them in no more, for good or until a time.",
      params: participantParams,
      body: banSchema.pick({ untilUnixMs: true }),
      answer: banSchema,
      handle: async ({ params: { roomId, participantId }, body }) => {
        const ban = { roomId, participantId, bannedBy: null, atUnixMs: clock.nowUnixMs(), ...body };
        await store.addBan(ban);
        rooms.putOut(roomId, participantId, "banned");
        await audit.record({ actorId: null, act: "banned", roomId, targetId: participantId });
        return ban;
      },
    }),
    route({
      method: "DELETE",
      path: "/rooms/{roomId}/bans/{participantId}",
      operationId: "unban",
      summary: "Lifts a ban.",
      params: participantParams,
      success: 204,
      refusals: ["not-found"],
      handle: async ({ params: { roomId, participantId } }) => {
        if (!(await store.removeBan(roomId, participantId))) {
          throw new HttpError("not-found", "there is no such ban");
        }
        rooms.letBackIn(roomId, participantId);
        await audit.record({ actorId: null, act: "unbanned", roomId, targetId: participantId });
      },
    }),
  ];
}

function invitationRoutes({ store, rooms, audit, clock }: AdminServices): Route[] {
  return [
    route({
      method: "GET",
      path: "/rooms/{roomId}/invitations",
      operationId: "listInvitations",
      summary: "Who is invited to a social or private room, by id.",
      params: roomParams,
      query: pageById,
      answer: z.strictObject({ invitations: z.array(invitationSchema) }),
      handle: async ({ params, query }) => ({
        invitations: await store.listInvitations(params.roomId, query),
      }),
    }),
    route({
      method: "PUT",
      path: "/rooms/{roomId}/invitations/{participantId}",
      operationId: "invite",
      summary: "Invites somebody.",
      params: participantParams,
      answer: invitationSchema,
      handle: async ({ params: { roomId, participantId } }) => {
        const invitation = { roomId, participantId, invitedBy: null, atUnixMs: clock.nowUnixMs() };
        await store.addInvitation(invitation);
        await audit.record({ actorId: null, act: "invited", roomId, targetId: participantId });
        return invitation;
      },
    }),
    route({
      method: "DELETE",
      path: "/rooms/{roomId}/invitations/{participantId}",
      operationId: "uninvite",
      summary: "Takes an invitation back; who is in stays in.",
      params: participantParams,
      success: 204,
      refusals: ["not-found"],
      handle: async ({ params: { roomId, participantId } }) => {
        if (!(await store.removeInvitation(roomId, participantId))) {
          throw new HttpError("not-found", "there is no such invitation");
        }
        rooms.uninvited(roomId, participantId);
        await audit.record({ actorId: null, act: "uninvited", roomId, targetId: participantId });
      },
    }),
  ];
}

function serverRoutes({ store, audit, drain }: AdminServices): Route[] {
  return [
    route({
      method: "GET",
      path: "/audit",
      operationId: "listAudit",
      summary: "What moderators and this API did, from the oldest on; `after` is a sequence number.",
      query: z.strictObject({
        roomId: z.string().max(64).optional(),
        after: z.coerce.number().int().min(0).optional(),
        limit,
      }),
      answer: z.strictObject({ entries: z.array(auditEntrySchema) }),
      handle: async ({ query }) => ({ entries: await store.listAudit(query) }),
    }),
    route({
      method: "GET",
      path: "/drain",
      operationId: "getDrain",
      summary: "How a drain stands.",
      answer: drainStatusSchema,
      handle: async () => drain.status(),
    }),
    route({
      method: "POST",
      path: "/drain",
      operationId: "startDrain",
      summary:
        "Lets nobody in any more, tells those inside, and cuts at the deadline who is left. Answers when all are out; the server goes on, for whoever started it to stop.",
      body: z.strictObject({ deadlineMs: z.int().min(0).max(longestDrainMs) }),
      answer: drainStatusSchema,
      handle: async ({ body }) => {
        if (!drain.on) await audit.record({ actorId: null, act: "drain-started", roomId: null });
        return drain.run(body.deadlineMs);
      },
    }),
  ];
}

function newRoom(given: z.output<typeof newRoomSchema>, nowUnixMs: number): RoomRecord {
  const startsAtUnixMs = given.startsAtUnixMs ?? null;
  return {
    roomId: given.roomId,
    title: given.title,
    topic: given.topic ?? "",
    visibility: given.visibility ?? "public",
    state: startsAtUnixMs === null ? "open" : "scheduled",
    locked: given.locked ?? false,
    lobby: given.lobby ?? false,
    maxStage: given.maxStage ?? null,
    maxAudience: given.maxAudience ?? null,
    startsAtUnixMs,
    createdAtUnixMs: nowUnixMs,
    endedAtUnixMs: null,
  };
}

function noSuchRoom(): never {
  throw new HttpError("not-found", "there is no such room, or it has ended");
}
