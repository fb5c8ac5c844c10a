/** A run in perfect order, for tests to spoil. */
import type { VerdictFacts } from "./facts.ts";
import { evaluateClientLimits, evaluateHarnessLimits } from "./harness-limits.ts";
import type { HarnessMeasures } from "./harness-limits.ts";

export const healthyMeasures: HarnessMeasures = {
  lateSend: { p99: 0.001, p999: 0.004 },
  eventLoopDelay: [{ host: "audience-0", p99: 0.006 }],
  machineBusyRatio: 0.6,
  heardPackets: 1000,
  mouthToEarCoverage: 1,
  digestsSent: 12_000,
  digestsReceived: 12_000,
  droppedIterations: 0,
  stage: { planned: 4, started: 4 },
  audience: { planned: 200, started: 200 },
  browsers: null,
};
export const healthyLimits = evaluateHarnessLimits(healthyMeasures);
export const starvedLimits = evaluateHarnessLimits({ ...healthyMeasures, machineBusyRatio: 0.995 });
/** What remains to be measured when nobody gets in. */
export const deafLimits = evaluateHarnessLimits({
  ...healthyMeasures,
  lateSend: { p99: null, p999: null },
  heardPackets: 1000,
  mouthToEarCoverage: null,
});

export const met = {
  metric: "mouth_to_ear_ms",
  expression: "p(99)<400",
  source: "exact",
  n: 120_000,
  measured: 182,
  k6Measured: 180,
  ok: true,
} as const;
export const failed = { ...met, measured: 612.4, ok: false };

export const good: VerdictFacts = {
  systemFailure: null,
  interrupted: false,
  planned: { stage: 4, audience: 200 },
  joined: { stage: 4, audience: 200 },
  failures: [],
  media: true,
  browsers: null,
  talkPlanned: true,
  packets: { sent: 6000, expected: 1_200_000, received: 1_200_000, heard: 1_200_000 },
  deaf: { count: 0, names: [] },
  strangers: [],
  seconds: Array.from({ length: 60 }, (_, second) => ({ second, expected: 20_000, lost: 0 })),
  longestStallSeconds: 0.02,
  hosts: { expected: ["stage", "audience-0"], reported: ["stage", "audience-0"] },
  agentDeath: null,
  k6: { exitCode: 0, detail: "", exception: null, summary: true, abortedByThreshold: false },
  limits: healthyLimits,
  thresholds: [met],
};

/** A storm of signalling in perfect order: k6's VUs are the clients. */
export const goodStorm: VerdictFacts = {
  ...good,
  media: false,
  planned: { stage: 0, audience: 200 },
  joined: { stage: 0, audience: 200 },
  talkPlanned: false,
  packets: { sent: 0, expected: 0, received: 0, heard: 0 },
  seconds: [],
  longestStallSeconds: null,
  hosts: { expected: [], reported: [] },
  limits: evaluateClientLimits({
    machineBusyRatio: 0.6,
    droppedIterations: 0,
    audience: { planned: 200, started: 200 },
    lateStartP99: 0.004,
  }),
  thresholds: [{ ...met, metric: "signalling_join_ms", source: "k6", n: 200, measured: 33 }],
};
