/**
 * Room signalling, defined once: JSON over a WebSocket at `/room`. The client
 * speaks first (`join`); every request is answered, by `ok` or by a typed error;
 * the server tells the rest by events. Both ends derive their types from here.
 */
import { z } from "zod";
import { base64UrlSchema as base64Url, idSchema as id, memberSchema, roleSchema } from "./members.ts";
import { handSchema, moderationEvents, moderationRequests } from "./moderation.ts";
import { roomSchema } from "./room.ts";

export { roles, roleSchema, type Member, type Role } from "./members.ts";

export const signallingVersion = 1;

/** Larger messages close the connection with 1009. */
export const maxMessageBytes = 64 * 1024;
/** The most that one sealed message may carry (a welcome to an MLS group of 50 on the stage), and the most recipients of one `relay`. */
export const maxSealedBytes = 16 * 1024;
export const maxRelayRecipients = 100;

export const dtlsParametersSchema = z.strictObject({
  role: z.enum(["client", "server", "auto"]).optional(),
  fingerprints: z
    .array(
      z.strictObject({
        algorithm: z.enum(["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]),
        value: z.string().max(200),
      }),
    )
    .min(1)
    .max(8),
});
export type DtlsParameters = z.infer<typeof dtlsParametersSchema>;

export const iceCandidateSchema = z.looseObject({
  foundation: z.string(),
  priority: z.number(),
  ip: z.string(),
  address: z.string().optional(),
  protocol: z.enum(["udp", "tcp"]),
  port: z.number().int(),
  type: z.string(),
  tcpType: z.string().optional(),
});

/** mediasoup's names, which mediasoup-client takes as they are. */
export const transportSchema = z.strictObject({
  transportId: id,
  iceParameters: z.strictObject({
    usernameFragment: z.string(),
    password: z.string(),
    iceLite: z.boolean().optional(),
  }),
  iceCandidates: z.array(iceCandidateSchema),
  dtlsParameters: dtlsParametersSchema,
});
export type TransportParameters = z.infer<typeof transportSchema>;

/** RTP parameters and capabilities of mediasoup's shape (ORTC); mediasoup itself checks their inside. */
const rtpParametersSchema = z.looseObject({
  mid: z.string().max(16).optional(),
  codecs: z
    .array(z.looseObject({ mimeType: z.string().max(64), payloadType: z.number().int() }))
    .min(1)
    .max(4),
  headerExtensions: z
    .array(z.looseObject({ uri: z.string().max(200), id: z.number().int() }))
    .max(16)
    .optional(),
  encodings: z
    .array(z.looseObject({ ssrc: z.number().int().optional() }))
    .max(4)
    .optional(),
  rtcp: z.looseObject({ cname: z.string().max(255).optional() }).optional(),
});
const rtpCapabilitiesSchema = z.looseObject({
  codecs: z
    .array(z.looseObject({ mimeType: z.string().max(64) }))
    .max(32)
    .optional(),
  headerExtensions: z
    .array(z.looseObject({ uri: z.string().max(200) }))
    .max(64)
    .optional(),
});
export type WireRtpParameters = z.infer<typeof rtpParametersSchema>;
export type WireRtpCapabilities = z.infer<typeof rtpCapabilitiesSchema>;

/** A stage stream as it reaches one receiver. */
export const streamSchema = z.strictObject({
  /** The publisher's stream; the same for all who receive it. */
  streamId: id,
  participantId: id,
  /** This receiver's copy: its consumer. */
  consumerId: id,
  paused: z.boolean(),
  rtpParameters: rtpParametersSchema,
});
export type StreamDescription = z.infer<typeof streamSchema>;

const transportRequest = z.strictObject({
  direction: z.enum(["send", "receive"]),
  /** Given: the transport is connected at once, in the same round trip. */
  dtlsParameters: dtlsParametersSchema.optional(),
});

/** A TURN server and credentials that are good for a while (draft-uberti-behave-turn-rest-00). */
const iceServerSchema = z.strictObject({
  urls: z.array(z.string()).min(1),
  username: z.string(),
  credential: z.string(),
});
export type IceServer = z.output<typeof iceServerSchema>;

/** Where a participant stands, in full: what it needs to take part. */
const placeSchema = z.strictObject({
  participantId: id,
  roomId: id,
  role: roleSchema,
  seat: z.number().int().nullable(),
  /** Everybody on the stage now. */
  stage: z.array(memberSchema),
  /** The audience, for those who deal keys (the stage) only; else only its size counts. */
  audience: z.array(memberSchema).nullable(),
  audienceSize: z.number().int(),
  rtpCapabilities: rtpCapabilitiesSchema,
  transport: transportSchema.optional(),
  /** With a receiving transport: every stage stream, already on its way. */
  streams: z.array(streamSchema).optional(),
  /** Relays for who cannot reach the server's media by itself, as RTCPeerConnection takes them. */
  iceServers: z.array(iceServerSchema).optional(),
  room: roomSchema.optional(),
  /** The hands that are up, for those on the stage. */
  hands: z.array(handSchema).optional(),
  /** In the lobby: nobody and nothing else is told, and `admitted` follows. */
  waiting: z.literal(true).optional(),
  /** For who asked to be `resumable`: good for one `resume`, which brings the next. */
  resumeToken: z.string().max(64).optional(),
});
export type JoinAnswer = z.output<typeof placeSchema>;

/** The place of a participant who resumes, with all that it had. */
const resumedSchema = placeSchema.omit({ transport: true }).extend({
  /** Its transports that are still there: unless the network has changed, media goes on over them. */
  transports: z.array(transportSchema.extend({ direction: z.enum(["send", "receive"]) })),
  /** What it publishes. */
  published: z.array(z.strictObject({ streamId: id, paused: z.boolean() })),
  handRaised: z.boolean(),
  /** Whose invitation to the stage stands; null: nobody's. */
  stageInvitation: id.nullable(),
});
export type ResumeAnswer = z.output<typeof resumedSchema>;

/** What a client may ask, and what it is answered. */
export const requests = {
  /** The first message of a connection. With `transport` one round trip does it all: joined, connected and subscribed. */
  join: {
    request: z
      .strictObject({
        version: z.literal(signallingVersion),
        /** Either this, or a ticket that was got for it (`POST /api/tickets`), is shown. */
        token: z.string().max(4096).optional(),
        ticket: z.string().max(64).optional(),
        publicKey: base64Url.max(64).optional(),
        transport: transportRequest.optional(),
        /** When the connection drops, the place is kept for the server's grace period. Default: false. */
        resumable: z.boolean().optional(),
        /** To be told who is talking, by `speakers`. Default: false. */
        speakers: z.boolean().optional(),
      })
      .refine(
        ({ token, ticket }) => (token === undefined) !== (ticket === undefined),
        "expected either token or ticket",
      ),
    response: placeSchema,
  },
  /** In place of `join`, on a new connection: takes up the place that `resumeToken` was given with. */
  resume: {
    request: z.strictObject({ version: z.literal(signallingVersion), resumeToken: z.string().max(64) }),
    response: resumedSchema,
  },
  /** A further transport, for clients that do not ask for one in `join`. */
  openTransport: { request: transportRequest, response: transportSchema },
  connectTransport: {
    request: z.strictObject({ transportId: id, dtlsParameters: dtlsParametersSchema }),
    response: z.strictObject({}),
  },
  /** New ICE credentials for a transport, after the client's network has changed. */
  restartIce: {
    request: z.strictObject({ transportId: id }),
    response: z.strictObject({ iceParameters: transportSchema.shape.iceParameters }),
  },
  /** From now on every stage stream comes to this transport, by `streamAdded` as streams come and go. */
  subscribe: {
    request: z.strictObject({ transportId: id, rtpCapabilities: rtpCapabilitiesSchema.optional() }),
    response: z.strictObject({ streams: z.array(streamSchema) }),
  },
  /** Needs the right to speak. */
  publish: {
    request: z.strictObject({
      transportId: id,
      rtpParameters: rtpParametersSchema,
      paused: z.boolean().optional(),
      /** After `mediaRestart`: the stream that goes on, under its id. A stream that is not taken up so ends. */
      streamId: id.optional(),
    }),
    response: z.strictObject({ streamId: id }),
  },
  unpublish: { request: z.strictObject({ streamId: id }), response: z.strictObject({}) },
  /** Pauses or resumes one's own stream: mute. */
  setMuted: {
    request: z.strictObject({ streamId: id, muted: z.boolean() }),
    response: z.strictObject({}),
  },
  /** Carries sealed bytes that the server cannot read, to members of the room; those who have left are named in `missing`. */
  relay: {
    request: z.strictObject({
      messages: z
        .array(z.strictObject({ to: id, sealed: base64Url.max(Math.ceil((maxSealedBytes * 4) / 3)) }))
        .min(1)
        .max(maxRelayRecipients),
    }),
    response: z.strictObject({ missing: z.array(id) }),
  },
  ping: { request: z.strictObject({}), response: z.strictObject({}) },
  leave: { request: z.strictObject({}), response: z.strictObject({}) },
  ...moderationRequests,
} as const;

export type RequestName = keyof typeof requests;
export type RequestBody<Name extends RequestName> = z.input<(typeof requests)[Name]["request"]>;
export type ResponseBody<Name extends RequestName> = z.output<(typeof requests)[Name]["response"]>;

/** What the server tells unasked. */
export const events = {
  /** On the stage: to everybody. In the audience: to those who deal keys. */
  memberJoined: z.strictObject({ member: memberSchema }),
  memberLeft: z.strictObject({ participantId: id }),
  streamAdded: z.strictObject({ stream: streamSchema }),
  streamRemoved: z.strictObject({ consumerId: id, streamId: id }),
  /** Muted by its publisher, or held back by the server, which forwards the loudest only. */
  streamPaused: z.strictObject({ consumerId: id, paused: z.boolean() }),
  /**
   * The server has lost a transport of the client's. Seat, keys and streams' ids are kept: the client opens its
   * transport anew and subscribes, or publishes with the `streamId` that it had.
   */
  mediaRestart: z.strictObject({ transportId: id, direction: z.enum(["send", "receive"]) }),
  /** Who is talking, to those who asked for it in `join`; at most four times a second, and once when all are silent. */
  speakers: z.strictObject({
    /** Who has the floor. */
    dominant: id.nullable(),
    /** From the loudest on; the level as in RFC 6464: decibels below overload, 0 the loudest. */
    talking: z.array(z.strictObject({ participantId: id, levelDbov: z.number().int().min(0).max(127) })),
  }),
  sealed: z.strictObject({ from: id, sealed: base64Url }),
  /** ICE and DTLS as the server sees them, once media can come and whenever it no longer can. */
  transportState: z.strictObject({
    transportId: id,
    ice: z.enum(["new", "connected", "completed", "disconnected", "closed"]),
    dtls: z.enum(["new", "connecting", "connected", "failed", "closed"]),
  }),
  /** Out of the lobby and in the room: what the answer to `join` would have been. */
  admitted: placeSchema,
  /** The server is about to stop: nobody else comes in, and who is still there after so long is cut. */
  draining: z.strictObject({ deadlineMs: z.number().int().min(0) }),
  /** The participant is out; the connection closes after this. */
  removed: z.strictObject({
    reason: z.enum(["room-ended", "kicked", "banned", "replaced", "server-shutdown", "media-failed"]),
  }),
  ...moderationEvents,
} as const;

export type EventName = keyof typeof events;
export type EventBody<Name extends EventName> = z.output<(typeof events)[Name]>;

export const errorCodes = [
  "bad-message",
  "unknown-request",
  "not-joined",
  "already-joined",
  "bad-token",
  "room-full",
  "room-locked",
  "room-ended",
  "not-invited",
  "banned",
  "cannot-resume",
  "forbidden",
  "not-found",
  "bad-media",
  "too-many-requests",
  "server-shutdown",
  "internal",
] as const;
export type SignallingErrorCode = (typeof errorCodes)[number];

/** The envelope of a request; its `body` is parsed by the schema of its `request`. */
export const requestEnvelopeSchema = z.strictObject({
  id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  request: z.string().max(40),
  body: z.unknown(),
});

/** Whatever the server sends: an answer (by the request's id) or an event. */
export const serverMessageSchema = z.union([
  z.strictObject({ id: z.number().int(), ok: z.literal(true), body: z.unknown() }),
  z.strictObject({
    id: z.number().int().nullable(),
    ok: z.literal(false),
    error: z.strictObject({
      code: z.enum(errorCodes),
      message: z.string(),
      /** With `too-many-requests`: from when on another try may do. */
      retryAfterMs: z.number().int().min(0).optional(),
    }),
  }),
  z.strictObject({ event: z.string(), body: z.unknown() }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

/** What a token (JWT, HS256) claims, beside `exp`: who it is, for which room, and as what it comes: in the room the server may give it another role. */
export const tokenClaimsSchema = z.looseObject({
  sub: id,
  room: id,
  role: roleSchema,
  name: z.string().max(80),
  exp: z.number().int(),
});
export type TokenClaims = z.infer<typeof tokenClaimsSchema>;
export const tokenIssuer = "soundcheck";
export const tokenAudience = "soundcheck-room";
