/** Results as a run would leave them, made from a seed, for tests of reports and for looking at reports. */
import { resultSchemaVersion } from "../protocol/result.ts";
import type { Distribution, Result, TimelineSecond } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import { createRandom } from "../util/random.ts";
import { evaluateHarnessLimits } from "../verdict/harness-limits.ts";
import { judgeThresholds } from "../verdict/judge.ts";
import { findLossIntervals } from "../verdict/loss-intervals.ts";
import { decideVerdict } from "../verdict/outcome.ts";
import { parseThresholds } from "../verdict/threshold.ts";
import { durationSeconds, listeners, simulateRoom, speakers, worstListeners } from "./_sample-room.ts";
import type { SampleKind } from "./_sample-room.ts";

export function sampleResult(kind: SampleKind): Result {
  const random = createRandom(`sample/${kind}`);
  const nobody = kind === "nobody";
  const room = simulateRoom(kind, random);
  const { histograms, timeline } = room;
  const expected = sum(timeline, "expected");
  const lost = sum(timeline, "lost");
  const late = sum(timeline, "late");
  const joined = nobody ? 0 : speakers + listeners;
  const failures = nobody
    ? [
        { cause: "ice" as const, message: "no answer to 12 connectivity checks", count: 180 },
        { cause: "dtls" as const, message: "handshake timed out", count: 24 },
      ]
    : [];
  const digests = nobody ? 0 : joined * 60;
  const busy = kind === "overloaded" ? 0.994 : 0.61;
  const limits = evaluateHarnessLimits({
    lateSend: { p99: histograms.late_send.quantile(0.99), p999: histograms.late_send.quantile(0.999) },
    eventLoopDelay: [{ host: "audience-0", p99: histograms.event_loop_delay.quantile(0.99) }],
    machineBusyRatio: busy,
    heardPackets: nobody ? 0 : 1000,
    mouthToEarCoverage: nobody ? null : 1,
    digestsSent: digests,
    digestsReceived: digests,
    droppedIterations: 0,
    stage: { planned: speakers, started: speakers },
    audience: { planned: listeners, started: listeners },
    browsers: null,
  });
  const thresholds = judgeThresholds(
    parseThresholds({
      mouth_to_ear_ms: ["p(95)<250", "p(99)<400"],
      lost: ["rate<0.01"],
      late: ["rate<0.02"],
      join_ms: ["p(95)<2000"],
      session_errors: ["count==0"],
      dropped_iterations: ["count==0"],
    }),
    {
      durationSeconds,
      figures: {
        mouth_to_ear: { kind: "distribution", histogram: histograms.mouth_to_ear },
        join: { kind: "distribution", histogram: histograms.join },
        lost: { kind: "rate", hits: lost, tries: expected },
        late: { kind: "rate", hits: late, tries: expected },
        session_errors: { kind: "counter", value: nobody ? 204 : 0, n: 204 },
      },
    },
    {
      iterations: { type: "counter", values: { count: 204, rate: 2.7 } },
      dropped_iterations: { type: "counter", values: { count: 0, rate: 0 } },
      mouth_to_ear_ms: {
        type: "trend",
        values: nobody ? { count: 0 } : { count: 14_812, "p(95)": 148.2, "p(99)": 186.4 },
      },
      lost: {
        type: "rate",
        values: { rate: lost / Math.max(1, expected), passes: nobody ? 0 : 4, fails: nobody ? 0 : 15_000 },
      },
    },
  );
  const packets = {
    sent: sum(timeline, "sent"),
    expected,
    received: expected - lost,
    lost,
    late,
    duplicate: 0,
    edge: nobody ? 0 : 412,
    unsent: kind === "blackout" ? 37 : 0,
  };
  const coverage = (n: number): number | null => (n === 0 ? null : 1);
  const distribution = (id: keyof typeof histograms): Distribution =>
    distributionOf(histograms[id], coverage(histograms[id].n));
  const verdict = decideVerdict({
    systemFailure: null,
    interrupted: false,
    planned: { stage: speakers, audience: listeners },
    joined: nobody ? { stage: 0, audience: 0 } : { stage: speakers, audience: listeners },
    failures,
    media: true,
    browsers: null,
    talkPlanned: true,
    packets: { ...packets, heard: packets.received },
    strangers: [],
    deaf: { count: 0, names: [] },
    seconds: timeline,
    longestStallSeconds: histograms.event_loop_delay.max,
    hosts: { expected: ["stage", "audience-0"], reported: ["stage", "audience-0"] },
    agentDeath: null,
    k6: {
      exitCode: kind === "pass" ? 0 : 99,
      detail: "",
      exception: null,
      summary: true,
      abortedByThreshold: false,
    },
    limits,
    thresholds,
  });
  return {
    schema: resultSchemaVersion,
    runId: `2026-11-24T10-00-00-${kind}`,
    startedAt: "2026-11-24T10:00:00.000Z",
    durationSeconds,
    verdict,
    scenario: "panel",
    profile: "load",
    seed: "7f3a19",
    plan: null,
    participants: { speakers, listeners, joined, failed: nobody ? 204 : 0, failures },
    packets,
    lostRatio: expected === 0 ? null : lost / expected,
    lateRatio: expected === 0 ? null : late / expected,
    lossIntervals: findLossIntervals(timeline),
    interruptions: interruptionsOf(kind),
    signalling: null,
    browsers: null,
    mouthToEarSeconds: distribution("mouth_to_ear"),
    pathDelaySeconds: distribution("path_delay"),
    playoutDelaySeconds: distribution("playout_delay"),
    joinSeconds: distribution("join"),
    firstSoundSeconds: distribution("first_sound"),
    e2ee: {
      enabled: true,
      suite: "AES_128_GCM_SHA256_128",
      encryptSeconds: distribution("sframe_encrypt"),
      decryptSeconds: distribution("sframe_decrypt"),
      keyGapSeconds: distribution("key_gap"),
      overheadBytesPerFrame: nobody ? null : 20.4,
      encryptedFrames: packets.sent,
      decryptedFrames: packets.received,
      failures: kind === "blackout" ? { "unknown key": 118, replay: 2 } : {},
      rekeys: nobody ? 0 : 7,
      sealedMessages: nobody ? 0 : 1_421,
      sealSeconds: nobody ? 0 : 0.0214,
      strangers: [],
    },
    egress: {
      coverage: "sockets",
      note: "Known from the sockets of the simulator's own processes. What else left this machine is not seen.",
      destinations: nobody
        ? []
        : [
            {
              address: "127.0.0.1",
              port: 7880,
              protocol: "tcp",
              purpose: "signalling",
              process: "audience-0",
              connections: 200,
            },
            {
              address: "127.0.0.1",
              port: 44_100,
              protocol: "udp",
              purpose: "media",
              process: "audience-0",
              connections: 200,
            },
            {
              address: "127.0.0.1",
              port: 7880,
              protocol: "tcp",
              purpose: "signalling",
              process: "stage",
              connections: 4,
            },
            {
              address: "127.0.0.1",
              port: 44_100,
              protocol: "udp",
              purpose: "media",
              process: "stage",
              connections: 4,
            },
            {
              address: "127.0.0.1",
              port: 39_411,
              protocol: "tcp",
              purpose: "control",
              process: "k6",
              connections: 204,
            },
          ],
    },
    harness: {
      lateSendSeconds: distribution("late_send"),
      eventLoopDelaySeconds: distribution("event_loop_delay"),
      cpu: {
        machineBusyRatio: busy,
        processes: [
          { name: "stage", pid: 4101, cpuSeconds: 5.2, wallSeconds: 76.1, maxRssBytes: 121_000_000 },
          { name: "audience-0", pid: 4102, cpuSeconds: 31.9, wallSeconds: 76.1, maxRssBytes: 402_000_000 },
          { name: "server", pid: 4099, cpuSeconds: 3.1, wallSeconds: 77.4, maxRssBytes: 98_000_000 },
          { name: "worker-0", pid: 4100, cpuSeconds: 14.8, wallSeconds: 77.3, maxRssBytes: 61_000_000 },
          { name: "k6", pid: 4103, cpuSeconds: 4.4, wallSeconds: 75.9, maxRssBytes: 180_000_000 },
          { name: "run", pid: 4090, cpuSeconds: 1.2, wallSeconds: 78, maxRssBytes: null },
        ],
        workerSecondsPerForwardedPacket: nobody ? null : 0.000_006_4,
        audienceSecondsPerReceivedPacket: nobody ? null : 0.000_015_4,
      },
      k6: {
        exitCode: kind === "pass" ? 0 : 99,
        droppedIterations: 0,
        digestsSent: digests,
        digestsReceived: digests,
      },
      limits,
    },
    thresholds,
    timeline,
    worstListeners: nobody ? [] : worstListeners(kind, random),
    histograms: Object.fromEntries(
      Object.entries(histograms).map(([id, histogram]) => [id, histogram.snapshot()]),
    ),
    environment: {
      soundcheck: "0.1.0",
      node: "24.21.0",
      k6: "1.1.0",
      mediasoup: "3.27.1",
      worker: "source (libsrtp 2)",
      nodeDatachannel: "0.33.4",
      os: "Debian GNU/Linux 12, Linux 6.1.0",
      cpuModel: "AMD EPYC 7B13",
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      scenarioHash: "9b2c6f0e6f4f8c7f3b1a0d5e4c3b2a190f8e7d6c5b4a39281706f5e4d3c2b1a0",
      command: "soundcheck run panel --profile load",
    },
  };
}

/** In the blackout everybody was away, and some came back to a worker that had died meanwhile. */
function interruptionsOf(kind: SampleKind): Result["interruptions"] {
  const [away, restart] = [new Histogram(), new Histogram()];
  if (kind === "blackout") {
    for (let place = 0; place < speakers + listeners; place++) away.observe(8.1 + place / 200);
    for (let place = 0; place < 20; place++) restart.observe(0.2 + place / 50);
  }
  return {
    resumes: away.n,
    awaySeconds: distributionOf(away, away.n > 0 ? 1 : null),
    mediaRestarts: restart.n,
    mediaRestartSeconds: distributionOf(restart, restart.n > 0 ? 1 : null),
  };
}

function distributionOf(histogram: Histogram, coverage: number | null): Distribution {
  const { n, min, mean, max } = histogram;
  const quantile = (share: number): number | null => histogram.quantile(share);
  return {
    n,
    coverage,
    min,
    mean,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max,
  };
}

function sum(timeline: readonly TimelineSecond[], key: "sent" | "expected" | "lost" | "late"): number {
  return timeline.reduce((total, second) => total + second[key], 0);
}
