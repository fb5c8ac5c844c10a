/** Requests and events of roles, hands, moderation and the room's life; a part of the signalling in signalling.ts. */
import { z } from "zod";
import { idSchema, memberSchema, roleSchema } from "./members.ts";
import { roomChangeSchema, roomInfoSchema, roomSchema } from "./room.ts";

/** The most hands that may be up in a room at a time. */
export const maxHands = 500;
export const maxAudiencePage = 200;

const nothing = z.strictObject({});
const aboutSomebody = { request: z.strictObject({ participantId: idSchema }), response: nothing };

/** A raised hand; the list of them is in the order in which they went up. */
export const handSchema = z.strictObject({ participantId: idSchema, name: z.string().max(80) });
export type Hand = z.infer<typeof handSchema>;

/** A role and, on the stage, a seat. */
const placement = z.strictObject({ role: roleSchema, seat: z.number().int().min(0).nullable() });

export const moderationRequests = {
  roomInfo: { request: nothing, response: roomInfoSchema },
  /** A page of the audience, in the order of joining. */
  listAudience: {
    request: z.strictObject({
      offset: z.number().int().min(0).max(1_000_000),
      limit: z.number().int().min(1).max(maxAudiencePage),
    }),
    response: z.strictObject({ members: z.array(memberSchema), total: z.number().int() }),
  },
  /** Answered by the place in the queue, from 0. Doing it again changes nothing. */
  raiseHand: { request: nothing, response: z.strictObject({ position: z.number().int().min(0) }) },
  /** One's own hand; with `participantId` another's, by who moderates. */
  lowerHand: {
    request: z.strictObject({ participantId: idSchema.optional() }),
    response: nothing,
  },
  /** A listener is asked to speak (`stageInvitation`), and accepts or declines. */
  inviteToStage: aboutSomebody,
  acceptStage: { request: nothing, response: placement },
  declineStage: { request: nothing, response: nothing },
  /** From the stage to the audience, by oneself or by who moderates; streams and sending transport end. */
  stepDown: { request: nothing, response: placement },
  moveToAudience: aboutSomebody,
  /** Pauses all that somebody publishes; only they themselves can go on. */
  muteParticipant: aboutSomebody,
  askToUnmute: aboutSomebody,
  /** Out at once, media and connection; may come again. */
  kick: aboutSomebody,
  /** Out at once, or not in at all, until unbanned. */
  ban: aboutSomebody,
  unban: aboutSomebody,
  setRoom: {
    request: roomChangeSchema.refine((change) => Object.keys(change).length > 0, "expected a change"),
    response: z.strictObject({ room: roomSchema }),
  },
  endRoom: { request: nothing, response: nothing },
  /** Somebody on the stage becomes moderator, or speaker again. */
  grantModerator: aboutSomebody,
  revokeModerator: aboutSomebody,
  /** The host makes somebody on the stage host in its stead, and is a moderator from then on. */
  handOverHost: aboutSomebody,
  /** Once the host is gone for longer than the grace period: the first moderator, else who has sat on the stage the longest. */
  claimHost: { request: nothing, response: placement },
  /** Somebody who is not here is let into a social or private room. */
  inviteToRoom: aboutSomebody,
} as const;

export const moderationEvents = {
  /** Somebody came to the stage, left it for the audience, or changed role there: to everybody. */
  memberChanged: z.strictObject({ member: memberSchema }),
  /** Somebody on the stage has lost its connection, and may be back without having left. */
  memberAway: z.strictObject({ participantId: idSchema }),
  memberBack: z.strictObject({ participantId: idSchema }),
  /** One's own role was changed by another. `audience`: for who deals keys from now on; else null. */
  roleChanged: z.strictObject({
    ...placement.shape,
    by: idSchema,
    audience: z.array(memberSchema).nullable(),
  }),
  /** To those on the stage. */
  handsChanged: z.strictObject({ hands: z.array(handSchema) }),
  /** One's own hand was lowered by another. */
  handLowered: z.strictObject({ by: idSchema }),
  stageInvitation: z.strictObject({ by: idSchema }),
  /** To who invited. */
  stageDeclined: z.strictObject({ participantId: idSchema }),
  /** One's own streams were paused by another. */
  muted: z.strictObject({ by: idSchema }),
  unmuteAsked: z.strictObject({ by: idSchema }),
  roomChanged: z.strictObject({ room: roomSchema }),
  /** To those who wait: how many they are. At most once a second. */
  lobby: z.strictObject({ waiting: z.number().int().min(0) }),
} as const;
