/**
 * The run plan: one run as data. A scenario's `setup()` posts it to the agent;
 * all that is not in it follows from its seed.
 */
import { z } from "zod";

export const cipherSuiteNames = [
  "AES_128_CTR_HMAC_SHA256_80",
  "AES_128_CTR_HMAC_SHA256_64",
  "AES_128_CTR_HMAC_SHA256_32",
  "AES_128_GCM_SHA256_128",
  "AES_256_GCM_SHA512_128",
] as const;

/** Whatever draws of a run depend on. */
export const seedSchema = z.string().min(1).max(80);

export const runPlanSchema = z.strictObject({
  /** Also the name of the run directory. */
  runId: z.string().regex(/^[A-Za-z0-9._-]{1,80}$/),
  scenario: z.string().min(1).max(80),
  profile: z.string().min(1).max(40),
  seed: seedSchema,
  target: z.strictObject({
    kind: z.enum(["soundcheck"]),
    /** WebSocket address of the room server, e.g. ws://127.0.0.1:7880/room */
    url: z.url({ protocol: /^wss?$/ }),
  }),
  room: z.string().min(1).max(64),
  stage: z.strictObject({
    /** Speakers beside the host, who speaks too and deals the keys. */
    speakers: z.number().int().min(0).max(63),
  }),
  audience: z.strictObject({
    listeners: z.number().int().min(0).max(100_000),
    /** Real browsers besides, accounts `browser-<n>`: driven by k6 alone, no host process hosts them. Default 0. */
    browsers: z.number().int().min(0).max(1000).optional(),
  }),
  conversation: z.strictObject({
    /**
     * `panel`: turns, pauses, overlaps and back-channels. `monologue`: the host alone, without pause.
     * `everyone`: all at once, without pause. `silent`: nobody ever speaks.
     * `chirp`: the host alone sends chirps at known instants, without pause, for browsers to find them (docs/browser-listeners.md).
     */
    model: z.enum(["panel", "monologue", "everyone", "silent", "chirp"]),
    /** For how long talk is planned, counted from the first speaker's join, in seconds; longer, and RTP timestamps would wrap. */
    seconds: z.number().positive().max(64_800),
  }),
  audio: z.strictObject({ bitrateBps: z.union([z.literal(24_000), z.literal(32_000), z.literal(40_000)]) }),
  e2ee: z.strictObject({
    enabled: z.boolean(),
    suite: z.enum(cipherSuiteNames),
    /** Leaves are answered by a fresh secret, batched over this many seconds. */
    rekeyWindowSeconds: z.number().positive().max(60),
  }),
  /** ICE and DTLS must be done within this, counted from the start of a join. */
  joinTimeoutSeconds: z.number().positive().max(120),
  /** A packet that is not there this long after it was due is lost. A leaver stays so long to let the last ones arrive. */
  lossHorizonSeconds: z.number().positive().max(10),
  /** About how many observations a second k6 gets as a sample, over all participants. */
  samplesPerSecond: z.number().positive().max(100_000),
});
export type RunPlan = z.infer<typeof runPlanSchema>;

/** The account of whoever sits there; seats count from 0, and the host has the first of the stage. */
export function seatAccount(kind: "stage" | "audience", index: number): string {
  return `${kind === "stage" ? "speaker" : "listener"}-${index}`;
}

/** Whether a run has a seat of this account. */
export function isSeatOf({ stage, audience }: RunPlan, accountId: string): boolean {
  const [, kind = "", digits] = /^(speaker|listener|browser)-(0|[1-9]\d{0,8})$/.exec(accountId) ?? [];
  const seats = new Map([
    ["speaker", 1 + stage.speakers],
    ["listener", audience.listeners],
    ["browser", audience.browsers ?? 0],
  ]);
  return Number(digits) < (seats.get(kind) ?? 0);
}
