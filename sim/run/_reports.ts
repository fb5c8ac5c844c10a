/** For tests: what hosts report of a small run in good order. */
import type { AgentReport, HostReport, Second } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";
import { Histogram, type HistogramSnapshot } from "../util/histogram.ts";

export const plan: RunPlan = {
  runId: "run-1",
  scenario: "smoke",
  profile: "smoke",
  seed: "1",
  target: { kind: "soundcheck", url: "ws://127.0.0.1:7880/room" },
  room: "room",
  stage: { speakers: 1 },
  audience: { listeners: 3 },
  conversation: { model: "panel", seconds: 10 },
  audio: { bitrateBps: 32_000 },
  e2ee: { enabled: true, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 5 },
  joinTimeoutSeconds: 10,
  lossHorizonSeconds: 1,
  samplesPerSecond: 500,
};

export function snapshotOf(...values: number[]): HistogramSnapshot {
  const histogram = new Histogram();
  for (const value of values) histogram.observe(value);
  return histogram.snapshot();
}

export function second(number: number, more: Partial<Second> = {}): Second {
  const counts = { joined: 0, left: 0, failed: 0, sent: 0, expected: 0, received: 0, lost: 0, late: 0 };
  return { second: number, ...counts, mouthToEar: null, ...more };
}

const noPackets: HostReport["packets"] = {
  sent: 0,
  sentBytes: 0,
  expected: 0,
  received: 0,
  lost: 0,
  late: 0,
  duplicate: 0,
  edge: 0,
  refused: 0,
  unsent: 0,
};

const noSframe: HostReport["sframe"] = {
  encrypted: 0,
  decrypted: 0,
  timedEncrypt: 0,
  timedDecrypt: 0,
  refused: {},
  rekeys: 0,
  sealed: 0,
  sealSeconds: 0,
  strangers: [],
};

type Changes = Partial<Omit<HostReport, "packets" | "sframe">> & {
  packets?: Partial<HostReport["packets"]>;
  sframe?: Partial<HostReport["sframe"]>;
};

/** A host that nothing happened to, but for the changes. */
export function hostReport(name: string, changes: Changes = {}): HostReport {
  const { packets, sframe, ...more } = changes;
  return {
    name,
    kind: name === "stage" ? "stage" : "audience",
    joined: 0,
    failures: [],
    completed: 0,
    failedToJoin: 0,
    packets: { ...noPackets, ...packets },
    histograms: {},
    sframe: { ...noSframe, ...sframe },
    seconds: [],
    worst: [],
    deaf: 0,
    destinations: [],
    usage: { name, pid: 1, cpuSeconds: 1, wallSeconds: 10, maxRssBytes: 1e8 },
    digestsSent: 0,
    ...more,
  };
}

export function agentReport(...hosts: HostReport[]): AgentReport {
  return { plan, startedAtMs: Date.UTC(2026, 0, 1), endedAtMs: Date.UTC(2026, 0, 1) + 12_000, hosts };
}

/** Two on the stage sent 100 packets; each of three listeners got them all. */
export function goodHosts(): [stage: HostReport, audience: HostReport] {
  const heard = Array.from({ length: 297 }, (_, index) => 0.05 + index / 10_000);
  return [
    hostReport("stage", {
      joined: 2,
      completed: 2,
      digestsSent: 22,
      packets: { sent: 100, sentBytes: 10_000 },
      sframe: { encrypted: 100, timedEncrypt: 100, rekeys: 1, sealed: 7, sealSeconds: 0.01 },
      histograms: {
        join: snapshotOf(0.02, 0.03),
        late_send: snapshotOf(0.0005, 0.001),
        event_loop_delay: snapshotOf(0.001, 0.002),
        sframe_encrypt: snapshotOf(3e-6),
        sframe_overhead: snapshotOf(18, 20),
      },
      seconds: [second(0, { joined: 2 }), second(1, { sent: 60 }), second(2, { sent: 40, left: 2 })],
    }),
    hostReport("audience-0", {
      joined: 3,
      completed: 3,
      digestsSent: 33,
      packets: { expected: 300, received: 300, late: 1, refused: 2, edge: 5, duplicate: 4 },
      sframe: { decrypted: 298, timedDecrypt: 19, refused: { "unknown-key": 3 } },
      histograms: {
        join: snapshotOf(0.04, 0.05, 0.06),
        first_sound: snapshotOf(0.2, 0.3, 0.4),
        mouth_to_ear: snapshotOf(...heard),
        path_delay: snapshotOf(...heard, 0.01),
        playout_delay: snapshotOf(...heard),
        sframe_decrypt: snapshotOf(2e-6),
        event_loop_delay: snapshotOf(0.003, 0.004),
      },
      seconds: [
        second(0, { joined: 3 }),
        second(1, { expected: 180, received: 180, mouthToEar: snapshotOf(...heard.slice(0, 180)) }),
        second(2, {
          expected: 120,
          received: 120,
          late: 1,
          left: 3,
          mouthToEar: snapshotOf(...heard.slice(180)),
        }),
      ],
      worst: [
        {
          index: 2,
          name: "Lea",
          expected: 100,
          lost: 0,
          late: 1,
          refused: 0,
          deaf: false,
          mouthToEarP99Seconds: 0.08,
          failure: null,
        },
      ],
      destinations: [
        {
          address: "127.0.0.1",
          port: 7880,
          protocol: "tcp",
          purpose: "signalling",
          process: "audience-0",
          connections: 3,
        },
      ],
    }),
  ];
}
