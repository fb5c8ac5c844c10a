/**
 * result.json: all that is known of a run; every report is made from it alone.
 * A figure that was not measured is null, never a default.
 */
import { z } from "zod";
import {
  destinationSchema,
  failureCauses,
  listenerSummarySchema,
  processUsageSchema,
  histogramSnapshotSchema,
} from "./fleet.ts";
import { runPlanSchema } from "./run-plan.ts";

/** Within a version fields are only added; read from a file that lacks them, they say that there was nothing. */
export const resultSchemaVersion = "soundcheck.result/1";

const count = z.number().int().min(0);
const seconds = z.number().nullable();

export const distributionSchema = z.strictObject({
  n: count,
  /** The share of what could have been observed that was (0 to 1); null when nothing could. */
  coverage: z.number().min(0).max(1).nullable(),
  min: seconds,
  mean: seconds,
  p50: seconds,
  p95: seconds,
  p99: seconds,
  p999: seconds,
  max: seconds,
});
export type Distribution = z.infer<typeof distributionSchema>;

const nothing: Distribution = {
  n: 0,
  coverage: null,
  min: null,
  mean: null,
  p50: null,
  p95: null,
  p99: null,
  p999: null,
  max: null,
};

export const outcomes = ["PASS", "FAIL", "INVALID"] as const;
export type Outcome = (typeof outcomes)[number];

export const reasonSchema = z.strictObject({
  /** Stable: no-samples, no-listener-heard, server-died, threshold, harness-limit, interrupted... */
  code: z.string(),
  message: z.string(),
});
export type Reason = z.infer<typeof reasonSchema>;

/** On what it ran. */
export const environmentSchema = z.strictObject({
  soundcheck: z.string(),
  node: z.string(),
  k6: z.string(),
  mediasoup: z.string(),
  /** `prebuilt` or `source (libsrtp 2)`; unknown for a room server that runs elsewhere. */
  worker: z.string(),
  nodeDatachannel: z.string(),
  os: z.string(),
  cpuModel: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number().int(),
  /** SHA-256 of the scenario's file, hex. */
  scenarioHash: z.string(),
  /** What was asked on the command line, secrets left out. */
  command: z.string(),
});

export const judgedThresholdSchema = z.strictObject({
  /** The k6 metric's name, as it stands in the script. */
  metric: z.string(),
  /** As it stands in the script, e.g. p(99)<400 */
  expression: z.string(),
  /** `exact`: judged on merged histograms and counters. `k6`: on k6's own figures. */
  source: z.enum(["exact", "k6"]),
  /** Observations behind it; 0 fails. */
  n: count,
  /** In the metric's k6 unit (ms for times); null without observations. */
  measured: z.number().nullable(),
  /** What k6 made of its sample, for comparison. */
  k6Measured: z.number().nullable(),
  ok: z.boolean(),
});
export type JudgedThreshold = z.infer<typeof judgedThresholdSchema>;

export const harnessLimitSchema = z.strictObject({
  /** Stable: late-send-p99, event-loop-p99, machine-cpu... */
  id: z.string(),
  /** What is limited, e.g. "late sends p99 (stage)". */
  name: z.string(),
  unit: z.enum(["seconds", "ratio", "count"]),
  /** Whether `limit` is the most or the least that may be measured. */
  bound: z.enum(["at-most", "at-least"]),
  limit: z.number(),
  /** Null without samples, which breaks the limit too. */
  measured: z.number().nullable(),
  ok: z.boolean(),
  /** What to change when it is broken. */
  hint: z.string(),
});
export type HarnessLimit = z.infer<typeof harnessLimitSchema>;

/** A second of the run, for timelines. Times in seconds from the run's start. */
export const timelineSecondSchema = z.strictObject({
  second: z.number().int(),
  inRoom: z.number().int(),
  joined: count,
  left: count,
  failed: count,
  sent: count,
  expected: count,
  received: count,
  lost: count,
  late: count,
  mouthToEarP50: seconds,
  mouthToEarP95: seconds,
  mouthToEarP99: seconds,
});
export type TimelineSecond = z.infer<typeof timelineSecondSchema>;

export const resultSchema = z.strictObject({
  schema: z.literal(resultSchemaVersion),
  runId: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  durationSeconds: z.number(),
  verdict: z.strictObject({ outcome: z.enum(outcomes), reasons: z.array(reasonSchema) }),
  scenario: z.string(),
  profile: z.string(),
  seed: z.string(),
  plan: runPlanSchema.nullable(),
  participants: z.strictObject({
    /** Host and speakers planned for the stage, and listeners planned for the audience; clients without media are among the listeners. */
    speakers: count,
    listeners: count,
    joined: count,
    failed: count,
    failures: z.array(z.strictObject({ cause: z.enum(failureCauses), message: z.string(), count })),
  }),
  packets: z.strictObject({
    sent: count,
    expected: count,
    received: count,
    lost: count,
    late: count,
    duplicate: count,
    edge: count,
    /** Frames that a speaker could not send, since it had no media; listeners expected them, and lost them. */
    unsent: count.default(0),
  }),
  lostRatio: z.number().nullable(),
  lateRatio: z.number().nullable(),
  /** Stretches of the run in which more than a twentieth was lost; `toSecond` is the first second after. */
  lossIntervals: z.array(
    z.strictObject({
      fromSecond: z.number().int(),
      toSecond: z.number().int(),
      lost: count,
      expected: count,
    }),
  ),
  /** Outages that participants came back from; those that they did not are failures. */
  interruptions: z
    .strictObject({
      /** Signalling connections that were gone, and whose place was taken up again over another. */
      resumes: count,
      awaySeconds: distributionSchema,
      /** Media connections that were lost and made anew. */
      mediaRestarts: count,
      mediaRestartSeconds: distributionSchema,
    })
    .default({ resumes: 0, awaySeconds: nothing, mediaRestarts: 0, mediaRestartSeconds: nothing }),
  /** By k6's own figures, where its VUs were the clients and there was no media; null else. */
  signalling: z
    .strictObject({
      clients: count,
      joinSeconds: distributionSchema,
      answerSeconds: distributionSchema,
    })
    .nullable()
    .default(null),
  /** Real browsers beside the simulated listeners, by k6's own figures; null where the scenario has none. */
  browsers: z
    .strictObject({
      planned: count,
      /** Those that said how it went. */
      started: count,
      /** Joined, heard, stayed as long as planned and left. */
      ok: count,
      /** What was said of the others. */
      problems: z.array(z.string()),
      joinSeconds: distributionSchema,
      /** Chirp by chirp, from the speaker's mouth to the browser's audio output; coverage: of the chirps said meanwhile. */
      mouthToEarSeconds: distributionSchema,
      /** The part of that after the page's audio graph, as the browser tells it. */
      outputSeconds: seconds,
      /** How far off an instant heard may be, the worst of all. */
      uncertaintySeconds: seconds,
      /** By `getStats()`, a mean each second. */
      playoutDelaySeconds: distributionSchema,
      /** Shares of the samples, 0 to 1, each second's. */
      concealedRatios: distributionSchema,
      /** Power against full scale, 0 to 1, each second's. */
      energyRatios: distributionSchema,
      /** The same of the simulated listeners of the same stream. */
      simulated: z.strictObject({
        joinSeconds: distributionSchema,
        mouthToEarSeconds: distributionSchema,
        playoutDelaySeconds: distributionSchema,
        /** Lost or late, of the packets expected: what a browser conceals. */
        lateRatio: z.number().nullable(),
      }),
      /** How far the model of the jitter buffer is from the real one; below 0: the model plays sooner. */
      modelLessReal: z.strictObject({
        /** Of the medians, the browser's output left out. */
        mouthToEarSeconds: seconds,
        /** Of the means. */
        playoutDelaySeconds: seconds,
      }),
    })
    .nullable()
    .default(null),
  mouthToEarSeconds: distributionSchema,
  pathDelaySeconds: distributionSchema,
  playoutDelaySeconds: distributionSchema,
  joinSeconds: distributionSchema,
  firstSoundSeconds: distributionSchema,
  e2ee: z.strictObject({
    enabled: z.boolean(),
    suite: z.string(),
    encryptSeconds: distributionSchema,
    decryptSeconds: distributionSchema,
    /** Talkspurt by talkspurt: what came without a key for it. */
    keyGapSeconds: distributionSchema,
    overheadBytesPerFrame: z.number().nullable(),
    encryptedFrames: count,
    decryptedFrames: count,
    /** Frames refused and never played, by cause. */
    failures: z.record(z.string(), count),
    rekeys: count,
    sealedMessages: count,
    sealSeconds: z.number(),
    /** Whom keys were dealt to though the run seated nobody of that name; some of them. */
    strangers: z.array(z.string()),
  }),
  egress: z.strictObject({
    /** How it is known. `sockets`: from the programs' own sockets only; says nothing of what else left the machine. */
    coverage: z.enum(["sockets"]),
    note: z.string(),
    destinations: z.array(destinationSchema),
  }),
  harness: z.strictObject({
    lateSendSeconds: distributionSchema,
    /** Of the worst host process. */
    eventLoopDelaySeconds: distributionSchema,
    cpu: z.strictObject({
      /** Share of all cores that was busy in the run, everything on the machine counted; null where the system does not tell. */
      machineBusyRatio: z.number().nullable(),
      processes: z.array(processUsageSchema),
      /** CPU time a packet, in seconds; null without packets. */
      workerSecondsPerForwardedPacket: z.number().nullable(),
      audienceSecondsPerReceivedPacket: z.number().nullable(),
    }),
    k6: z.strictObject({
      exitCode: z.number().int().nullable(),
      droppedIterations: z.number().nullable(),
      digestsSent: count,
      digestsReceived: z.number().nullable(),
    }),
    limits: z.array(harnessLimitSchema),
  }),
  thresholds: z.array(judgedThresholdSchema),
  timeline: z.array(timelineSecondSchema),
  worstListeners: z.array(listenerSummarySchema),
  /** The distributions behind the quantiles, by figure id; merge them to compare runs. */
  histograms: z.record(z.string(), histogramSnapshotSchema),
  environment: environmentSchema,
});
export type Result = z.infer<typeof resultSchema>;
