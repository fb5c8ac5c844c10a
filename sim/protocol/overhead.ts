/** overhead.json: what end-to-end encryption costs, measured; a figure that was not measured is null, with the reason. */
import { z } from "zod";
import { environmentSchema } from "./result.ts";
import { cipherSuiteNames, seedSchema } from "./run-plan.ts";

export const overheadSchemaVersion = "soundcheck.overhead/1";

/** What is read of each block, and compared. `µs`: CPU time. */
export const overheadFigures = {
  speakerPacketCpu: { label: "speaker, CPU a packet sent", unit: "µs" },
  listenerPacketCpu: { label: "listener, CPU a packet received", unit: "µs" },
  serverPacketCpu: { label: "server and worker, CPU a packet forwarded", unit: "µs" },
  speakerCpu: { label: "a speaker, share of a core", unit: "%" },
  listenerCpu: { label: "a listener, share of a core", unit: "%" },
  mouthToEarP50: { label: "mouth to ear p50", unit: "ms" },
  mouthToEarP95: { label: "mouth to ear p95", unit: "ms" },
  mouthToEarP99: { label: "mouth to ear p99", unit: "ms" },
  packetBytes: { label: "RTP packet, before SRTP", unit: "B" },
  streamBitrate: { label: "a stream, RTP at 50 packets/s", unit: "kbit/s" },
  joinP50: { label: "join p50", unit: "ms" },
  firstSoundP50: { label: "join to first decrypted sound p50", unit: "ms" },
  firstSoundP95: { label: "join to first decrypted sound p95", unit: "ms" },
} as const satisfies Record<string, { label: string; unit: "µs" | "%" | "ms" | "B" | "kbit/s" }>;
export type OverheadFigureId = keyof typeof overheadFigures;
export const overheadFigureIds = Object.keys(overheadFigures) as OverheadFigureId[];

const figureId = z.enum(overheadFigureIds);
const suiteSchema = z.enum(cipherSuiteNames);
const figure = z.number().nullable();

export const overheadBlockSchema = z.strictObject({
  /** From 0; each round has every condition once, in an order of its own. */
  round: z.number().int().min(0),
  /** Null: without encryption. */
  suite: suiteSchema.nullable(),
  /** In units of overheadFigures. */
  figures: z.record(figureId, figure),
  packets: z.strictObject({ sent: z.number(), received: z.number(), lost: z.number() }),
  /** Why this block measured the harness rather than encryption; empty when it did not. */
  doubts: z.array(z.string()),
});
export type OverheadBlock = z.infer<typeof overheadBlockSchema>;

export const overheadDifferenceSchema = z.strictObject({
  suite: suiteSchema,
  figure: figureId,
  /** Rounds in which both were measured. */
  n: z.number().int().min(0),
  /** Means over those rounds. */
  off: figure,
  on: figure,
  /** Mean of on less off, round by round, and its 95 % bootstrap interval; null below three rounds. */
  difference: figure,
  interval: z.tuple([z.number(), z.number()]).nullable(),
});
export type OverheadDifference = z.infer<typeof overheadDifferenceSchema>;

const costSchema = z.strictObject({ suite: suiteSchema, encrypt: figure, decrypt: figure });

export const overheadSchema = z.strictObject({
  schema: z.literal(overheadSchemaVersion),
  startedAt: z.string(),
  durationSeconds: z.number(),
  seed: seedSchema,
  interrupted: z.boolean(),
  environment: environmentSchema.omit({ k6: true, scenarioHash: true }),
  room: z.strictObject({
    speakers: z.number().int().min(1),
    listeners: z.number().int().min(1),
    talkSeconds: z.number().positive(),
    rounds: z.number().int().min(1),
    bitrateBps: z.number(),
  }),
  /** What a client pays: node:crypto, each key used by itself; µs CPU a frame of 80 bytes. */
  client: z.strictObject({ frameBytes: z.number(), costs: z.array(costSchema) }),
  /** The engine that the harness shares between its participants; µs CPU a frame. */
  harness: z.strictObject({ engine: z.string(), costs: z.array(costSchema) }),
  /** One EVP context reused, by the openssl command on this machine; µs CPU a frame, either way. */
  native: z.strictObject({
    version: z.string().nullable(),
    costs: z.array(z.strictObject({ suite: suiteSchema, frame: z.number() })),
    missing: z.string().nullable(),
  }),
  /** The renderer of Chromium, transform on and off; ms CPU a second of audio. */
  browser: z.strictObject({
    version: z.string().nullable(),
    off: figure,
    on: figure,
    difference: figure,
    interval: z.tuple([z.number(), z.number()]).nullable(),
    n: z.number().int().min(0),
    missing: z.string().nullable(),
  }),
  /** A leave is answered: a fresh secret for all who stay; the key protocol alone, without media. */
  rekey: z.array(
    z.strictObject({
      listeners: z.number().int().min(1),
      n: z.number().int().min(1),
      /** Medians. */
      distributorMs: z.number(),
      memberMicroseconds: z.number(),
      bytes: z.number(),
    }),
  ),
  blocks: z.array(overheadBlockSchema),
  differences: z.array(overheadDifferenceSchema),
});
export type Overhead = z.infer<typeof overheadSchema>;

export function overheadDoubts({ blocks }: Overhead): string[] {
  return blocks.flatMap(({ round, suite, doubts }) =>
    doubts.map((doubt) => `round ${round + 1}, ${suite ?? "without encryption"}: ${doubt}`),
  );
}

/** Whether what was measured can be believed: enough rounds, each of them of encryption and not of the harness. */
export function isOverheadValid(overhead: Overhead): boolean {
  return (
    overheadDoubts(overhead).length === 0 && overhead.differences.some(({ interval }) => interval !== null)
  );
}
