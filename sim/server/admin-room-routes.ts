import { z } from "zod";
import { pageById, roomParams, type AdminServices } from "./admin-services.ts";
import { HttpError, route, type Route } from "./http-route.ts";
import { roomChangesSchema, roomRecordSchema, roomStates, type RoomRecord } from "./store.ts";

const newRoomSchema = roomRecordSchema
  .pick({ roomId: true, title: true })
  .extend(roomChangesSchema.omit({ title: true, state: true }).shape);
const liveRoomSchema = z.strictObject({ roomId: z.string(), participants: z.int() });

/** What can be asked about the rooms themselves. */
export function roomRoutes({ store, rooms, audit, clock }: AdminServices): Route[] {
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
