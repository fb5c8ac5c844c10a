import { z } from "zod";
import { idSchema } from "./members.ts";

/** The KID of a media key has eight bits for the seat, and a seat is never dealt twice: a room's stage has so many in its life. */
export const maxSeats = 256;

/**
 * `public`: whoever has a token. `social`: those whom a member has invited.
 * `private`: those whom the host or a moderator has invited.
 */
export const visibilities = ["public", "social", "private"] as const;

/**
 * `scheduled`: nobody has opened it yet. `lobby`: some are there and wait for the host.
 * `open`: whoever may join is let in. `ended`: for good.
 */
export const roomStates = ["scheduled", "lobby", "open", "ended"] as const;

const limit = z.number().int().min(1).max(100_000).nullable();

/** A room as its members know it. */
export const roomSchema = z.strictObject({
  roomId: idSchema,
  title: z.string().max(120),
  topic: z.string().max(500),
  visibility: z.enum(visibilities),
  state: z.enum(roomStates),
  /** While locked only hosts and moderators can join, and those come back who are in. */
  locked: z.boolean(),
  /** All but hosts wait until a host is there. */
  lobby: z.boolean(),
  /** The most on the stage and in the audience at a time; null: the server's own limit. A host gets in regardless. */
  maxStage: limit,
  maxAudience: limit,
  /** When it is to begin, in milliseconds since 1970; null: not scheduled. Told, not enforced. */
  startsAtUnixMs: z.number().int().min(0).nullable(),
});
export type RoomDescription = z.infer<typeof roomSchema>;

/** What members may change of a room, each with the right to it. */
export const roomChangeSchema = roomSchema
  .pick({ title: true, topic: true, visibility: true, locked: true, maxStage: true, maxAudience: true })
  .partial();
export type RoomChange = z.infer<typeof roomChangeSchema>;

/** A room as it is now. */
export const roomInfoSchema = roomSchema.extend({
  stageSize: z.number().int().min(0),
  audienceSize: z.number().int().min(0),
  /** In the lobby. */
  waiting: z.number().int().min(0),
  /** Null while there is none. */
  host: idSchema.nullable(),
  /** Whose turn it is to claim host; null while there is a host, or it has not been gone for long enough. */
  claimant: idSchema.nullable(),
});
export type RoomInfo = z.infer<typeof roomInfoSchema>;
