/**
 * Fleet control. A k6 VU is one participant: it holds a WebSocket at
 * `/participants` of an agent's host process, says `hello` first, and gets a
 * digest a second. Runs are made and read over HTTP at the agent:
 *
 *   POST /runs            a run plan; answered by a run handle
 *   GET  /runs/<id>       progress
 *   POST /runs/<id>/end   stops what still goes on and answers the agent's report
 */
import { z } from "zod";
import { runPlanSchema } from "./run-plan.ts";

export const fleetVersion = 1;

export const hostKinds = ["stage", "audience"] as const;
/** A host process seats the stage (speakers, paced) or the audience (listeners). */
export type HostKind = (typeof hostKinds)[number];

export const runHandleSchema = z.strictObject({
  runId: z.string(),
  /** Where VUs connect, by what they are. Several: dealt round robin by seat. */
  hosts: z.strictObject({ stage: z.array(z.url()).min(1), audience: z.array(z.url()).min(1) }),
});
export type RunHandle = z.infer<typeof runHandleSchema>;

/** VU to agent. */
export const vuMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    version: z.literal(fleetVersion),
    runId: z.string().max(80),
    kind: z.enum(hostKinds),
    /** From 0. Stage seat 0 is the host. */
    index: z.number().int().min(0).max(1_000_000),
  }),
  /** Leave in good order; answered by `final`. A socket closed without it destroys the participant. */
  z.strictObject({ type: z.literal("leave") }),
]);
export type VuMessage = z.infer<typeof vuMessageSchema>;

export const failureCauses = [
  "refused",
  "unreachable",
  "ice",
  "dtls",
  "disconnected",
  "removed",
  "protocol",
  "cut",
  "harness",
] as const;
/**
 * Why a session broke. `refused`: the server said no. `unreachable`: no signalling connection.
 * `ice`, `dtls`: media did not connect. `disconnected`: was connected, then no more. `removed`: by
 * the server. `protocol`: the server sent what does not fit. `cut`: the VU went without `leave`.
 * `harness`: our own fault.
 */
export type FailureCause = (typeof failureCauses)[number];

const count = z.number().int().min(0);

/** One expected packet and what became of it, drawn at the run's fixed probability. */
export const sampleSchema = z.union([
  /** Heard, after so many ms mouth to ear. */
  z.number(),
  z.literal("late"),
  z.literal("lost"),
  /** Came, but SFrame refused it. */
  z.literal("refused"),
]);

/** Agent to VU. */
export const agentMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("joined"), joinMs: z.number() }),
  z.strictObject({
    type: z.literal("digest"),
    sent: count,
    expected: count,
    received: count,
    lost: count,
    late: count,
    refused: count,
    samples: z.array(sampleSchema),
    /** Once, in the digest after the first sound. */
    firstSoundMs: z.number().optional(),
  }),
  z.strictObject({ type: z.literal("failed"), cause: z.enum(failureCauses), message: z.string() }),
  /** The last digest of a session, after which the agent closes. */
  z.strictObject({
    type: z.literal("final"),
    sent: count,
    expected: count,
    received: count,
    lost: count,
    late: count,
    refused: count,
    samples: z.array(sampleSchema),
    /** Sums of the whole session: what all digests together must add up to. */
    totals: z.strictObject({ sent: count, expected: count, received: count, lost: count }),
  }),
]);
export type AgentMessage = z.infer<typeof agentMessageSchema>;
export type AgentMessageBody<Type extends AgentMessage["type"]> = Extract<AgentMessage, { type: Type }>;

export const histogramSnapshotSchema = z.strictObject({
  n: count,
  sum: z.number(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  buckets: z.array(z.tuple([z.number().int(), z.number()])),
});

/** A second of the room, counted over all participants; `second` from the run's start. */
export const secondSchema = z.strictObject({
  second: z.number().int(),
  joined: count,
  left: count,
  failed: count,
  sent: count,
  expected: count,
  received: count,
  lost: count,
  late: count,
  mouthToEar: histogramSnapshotSchema.nullable(),
});
export type Second = z.infer<typeof secondSchema>;

/** What one listener heard, for the list of the worst. */
export const listenerSummarySchema = z.strictObject({
  index: z.number().int(),
  name: z.string(),
  expected: count,
  lost: count,
  late: count,
  /** Received, but refused by SFrame. */
  refused: count,
  /** Not one frame was heard, though somebody spoke for a second or more while the listener was there. */
  deaf: z.boolean(),
  mouthToEarP99Seconds: z.number().nullable(),
  failure: z.enum(failureCauses).nullable(),
});
export type ListenerSummary = z.infer<typeof listenerSummarySchema>;

export const destinationSchema = z.strictObject({
  address: z.string(),
  port: z.number().int(),
  protocol: z.enum(["tcp", "udp"]),
  /** What for: media, signalling, control (k6 to agent)... */
  purpose: z.enum(["media", "signalling", "control"]),
  process: z.string(),
  connections: count,
});
export type Destination = z.infer<typeof destinationSchema>;

export const processUsageSchema = z.strictObject({
  /** stage, audience-0, server, worker-0, k6, run */
  name: z.string(),
  pid: z.number().int(),
  cpuSeconds: z.number(),
  /** Over how long the CPU time was counted. */
  wallSeconds: z.number(),
  maxRssBytes: z.number().nullable(),
});
export type ProcessUsage = z.infer<typeof processUsageSchema>;

/** What one host process measured in a run; those of several merge by adding up. */
export const hostReportSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(hostKinds),
  joined: count,
  failures: z.array(z.strictObject({ cause: z.enum(failureCauses), message: z.string(), count })),
  completed: count,
  /** Of the failures, those whose session never came to be. */
  failedToJoin: count,
  packets: z.strictObject({
    sent: count,
    sentBytes: count,
    expected: count,
    received: count,
    lost: count,
    late: count,
    duplicate: count,
    /** Arrived, but counted for no window: sent before the listener was connected or after it left. */
    edge: count,
    /** Expected, but refused by SFrame. */
    refused: count,
    /** Frames that a speaker could not send, since it had no media. */
    unsent: count,
  }),
  /** By figure id. */
  histograms: z.record(z.string(), histogramSnapshotSchema),
  sframe: z.strictObject({
    encrypted: count,
    decrypted: count,
    /** Frames timed, of those. */
    timedEncrypt: count,
    timedDecrypt: count,
    refused: z.record(z.string(), count),
    rekeys: count,
    /** Sealed messages dealt by the distributor, and CPU spent on it, in its own thread. */
    sealed: count,
    sealSeconds: z.number(),
    /** Whom keys were dealt to though the run seated nobody of that name; some of them. */
    strangers: z.array(z.string()),
  }),
  seconds: z.array(secondSchema),
  worst: z.array(listenerSummarySchema),
  /** Listeners who heard nothing; of those, sessions that broke are not counted. */
  deaf: count,
  destinations: z.array(destinationSchema),
  usage: processUsageSchema,
  digestsSent: count,
});
export type HostReport = z.infer<typeof hostReportSchema>;

export const agentReportSchema = z.strictObject({
  plan: runPlanSchema,
  /** Milliseconds since 1970. */
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  hosts: z.array(hostReportSchema),
});
export type AgentReport = z.infer<typeof agentReportSchema>;

/** When a speaker's chirps begin at its mouth; in milliseconds, instants since 1970. */
export const chirpScheduleSchema = z.strictObject({
  firstAtUnixMs: z.number(),
  /** From one to the next: delays are told apart up to this long. */
  periodMs: z.number().positive(),
});
export type ChirpSchedule = z.infer<typeof chirpScheduleSchema>;

/** For live progress, and for noticing that the system under test is dead. */
export const progressSchema = z.strictObject({
  runId: z.string(),
  elapsedSeconds: z.number(),
  stageJoined: count,
  audienceJoined: count,
  failed: count,
  left: count,
  speaking: count,
  sent: count,
  expected: count,
  received: count,
  lost: count,
  mouthToEarP95Seconds: z.number().nullable(),
  /** The commonest failure so far. */
  failure: z.string().nullable(),
  /** Null unless the plan's conversation is `chirp`, and before the host speaks. */
  chirps: chirpScheduleSchema.nullable(),
  plan: runPlanSchema,
});
export type Progress = z.infer<typeof progressSchema>;
