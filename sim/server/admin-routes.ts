import { z } from "zod";
import { roleSchema } from "../protocol/signalling.ts";
import { roomRoutes } from "./admin-room-routes.ts";
import { limit, pageById, participantParams, roomParams, type AdminServices } from "./admin-services.ts";
import { drainStatusSchema } from "./drain.ts";
import { HttpError, route, type Route } from "./http-route.ts";
import { auditEntrySchema, banSchema, invitationSchema } from "./store.ts";

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
