/** From all that was observed of a run to its result. Pure: no clock, no files. */
import type { FigureId } from "../protocol/figures.ts";
import { figures } from "../protocol/figures.ts";
import type { AgentReport, Destination, ProcessUsage } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";
import { resultSchemaVersion, type Result } from "../protocol/result.ts";
import type { SystemFailure, VerdictFacts } from "../verdict/facts.ts";
import { evaluateHarnessLimits } from "../verdict/harness-limits.ts";
import {
  abortedByThreshold,
  judgeThresholds,
  type ExactFigure,
  type ExactFigures,
  type K6SummaryMetrics,
} from "../verdict/judge.ts";
import { findLossIntervals } from "../verdict/loss-intervals.ts";
import { decideVerdict } from "../verdict/outcome.ts";
import { Histogram } from "../util/histogram.ts";
import { distributionOf, mergeReports, worstListeners, type Merged } from "./merge.ts";
import type { Scenario } from "./scenario.ts";

export type Observed = {
  runId: string;
  seed: string;
  scenario: Scenario;
  startedAtMs: number;
  durationSeconds: number;
  /** Undefined when the agent had nothing to report. */
  report: AgentReport | undefined;
  /** Undefined when the run never reached the agent. */
  plan: RunPlan | undefined;
  /** By name, those that the run had. */
  expectedHosts: string[];
  k6: {
    exitCode: number | null;
    detail: string;
    exception: string | null;
    metrics: K6SummaryMetrics | undefined;
  };
  systemFailure: SystemFailure | null;
  /** How the agent ended unasked; null while it stood. */
  agentDeath: string | null;
  interrupted: boolean;
  machineBusyRatio: number | null;
  /** Server, workers, k6; the hosts tell their own. */
  processes: ProcessUsage[];
  /** What the run itself and k6 talked to. */
  destinations: Destination[];
  environment: Result["environment"];
};

const worstListed = 20;

export function assembleResult(observed: Observed): Result {
  const merged = mergeReports(observed.report);
  const { plan } = observed;
  const planned =
    plan === undefined
      ? { stage: 0, audience: 0 }
      : { stage: 1 + plan.stage.speakers, audience: plan.audience.listeners };
  const joinedOf = (hosts: Merged["hosts"]): number => hosts.reduce((sum, { joined }) => sum + joined, 0);
  const joined = { stage: joinedOf(merged.stage), audience: joinedOf(merged.audience) };
  const failedOf = (hosts: Merged["hosts"]): number =>
    hosts.reduce((sum, { failures }) => sum + failures.reduce((n, { count }) => n + count, 0), 0);
  const failed = failedOf(merged.hosts);
  const k6Metrics = observed.k6.metrics ?? {};
  const heard = merged.packets.received - merged.packets.refused;
  const worst = worstListeners(merged.audience, worstListed);
  const mouthToEar = merged.histograms.mouth_to_ear;
  // A late packet was observed too: it was only never played.
  const mouthToEarDistribution = {
    ...distributionOf(mouthToEar, null),
    coverage: heard > 0 ? Math.min(1, ((mouthToEar?.n ?? 0) + merged.packets.late) / heard) : null,
  };
  const limits = evaluateHarnessLimits({
    lateSend: {
      p99: merged.histograms.late_send?.quantile(0.99) ?? null,
      p999: merged.histograms.late_send?.quantile(0.999) ?? null,
    },
    eventLoopDelay: merged.hosts.map(({ name, histograms }) => ({
      host: name,
      p99:
        histograms["event_loop_delay"] === undefined
          ? null
          : Histogram.from(histograms["event_loop_delay"]).quantile(0.99),
    })),
    machineBusyRatio: observed.machineBusyRatio,
    heardPackets: heard,
    mouthToEarCoverage: mouthToEarDistribution.coverage,
    digestsSent: merged.hosts.reduce((sum, { digestsSent }) => sum + digestsSent, 0),
    digestsReceived: observed.k6.metrics === undefined ? null : (k6Metrics["digests"]?.values["count"] ?? 0),
    droppedIterations:
      observed.k6.metrics === undefined ? null : (k6Metrics["dropped_iterations"]?.values["count"] ?? 0),
    stage: { planned: planned.stage, started: joined.stage + failedToJoin(merged.stage) },
    audience: { planned: planned.audience, started: joined.audience + failedToJoin(merged.audience) },
  });
  const thresholds = judgeThresholds(
    observed.scenario.thresholds,
    exactFigures(merged, { planned: planned.stage + planned.audience, failed }, observed.durationSeconds),
    k6Metrics,
  );
  const facts: VerdictFacts = {
    systemFailure: observed.systemFailure,
    interrupted: observed.interrupted,
    planned,
    joined,
    failures: merged.failures,
    talkPlanned: plan !== undefined && plan.conversation.model !== "silent",
    packets: { ...merged.packets, heard },
    deaf: {
      count: merged.audience.reduce((sum, { deaf }) => sum + deaf, 0),
      names: worst.filter(({ deaf, failure }) => deaf && failure === null).map(({ name }) => name),
    },
    seconds: merged.timeline,
    longestStallSeconds: longestStall(merged),
    hosts: { expected: observed.expectedHosts, reported: merged.hosts.map(({ name }) => name) },
    agentDeath: observed.agentDeath,
    k6: {
      exitCode: observed.k6.exitCode,
      detail: observed.k6.detail,
      exception: observed.k6.exception,
      summary: observed.k6.metrics !== undefined,
      abortedByThreshold: abortedByThreshold(observed.scenario.thresholds, k6Metrics),
    },
    limits,
    thresholds,
  };
  const { packets, sframe, histograms } = merged;
  const usages = [...observed.processes, ...merged.hosts.map(({ usage }) => usage)];
  return {
    schema: resultSchemaVersion,
    runId: observed.runId,
    startedAt: new Date(observed.startedAtMs).toISOString(),
    durationSeconds: observed.durationSeconds,
    verdict: decideVerdict(facts),
    scenario: observed.scenario.name,
    profile: observed.scenario.profile,
    seed: observed.seed,
    plan: plan ?? null,
    participants: {
      speakers: planned.stage,
      listeners: planned.audience,
      joined: joined.stage + joined.audience,
      failed,
      failures: merged.failures,
    },
    packets: {
      sent: packets.sent,
      expected: packets.expected,
      received: packets.received,
      lost: packets.lost,
      late: packets.late,
      duplicate: packets.duplicate,
      edge: packets.edge,
    },
    lostRatio: ratio(packets.lost, packets.expected),
    lateRatio: ratio(packets.late, packets.expected),
    lossIntervals: findLossIntervals(merged.timeline),
    mouthToEarSeconds: mouthToEarDistribution,
    pathDelaySeconds: distributionOf(histograms.path_delay, heard),
    playoutDelaySeconds: distributionOf(histograms.playout_delay, heard - packets.late),
    joinSeconds: distributionOf(histograms.join, joined.stage + joined.audience),
    firstSoundSeconds: distributionOf(histograms.first_sound, joined.audience),
    e2ee: {
      enabled: plan?.e2ee.enabled ?? false,
      suite: plan?.e2ee.suite ?? "unknown",
      encryptSeconds: distributionOf(histograms.sframe_encrypt, sframe.encrypted),
      decryptSeconds: distributionOf(histograms.sframe_decrypt, sframe.decrypted),
      overheadBytesPerFrame: histograms.sframe_overhead?.mean ?? null,
      encryptedFrames: sframe.encrypted,
      decryptedFrames: sframe.decrypted,
      failures: sframe.refused,
      rekeys: sframe.rekeys,
      sealedMessages: sframe.sealed,
      sealSeconds: sframe.sealSeconds,
    },
    egress: {
      coverage: "sockets",
      note: "Addresses that the programs' own sockets talked to. Nothing watched what else may have left the machine.",
      destinations: [...observed.destinations, ...merged.hosts.flatMap(({ destinations }) => destinations)],
    },
    harness: {
      lateSendSeconds: distributionOf(histograms.late_send, null),
      eventLoopDelaySeconds: distributionOf(worstEventLoop(merged), null),
      cpu: {
        machineBusyRatio: observed.machineBusyRatio,
        processes: usages,
        workerSecondsPerForwardedPacket: ratio(
          sumCpu(usages, (name) => name.startsWith("worker-")),
          packets.received + packets.edge,
        ),
        audienceSecondsPerReceivedPacket: ratio(
          sumCpu(usages, (name) => name.startsWith("audience-")),
          packets.received + packets.edge,
        ),
      },
      k6: {
        exitCode: observed.k6.exitCode,
        droppedIterations:
          observed.k6.metrics === undefined ? null : (k6Metrics["dropped_iterations"]?.values["count"] ?? 0),
        digestsSent: merged.hosts.reduce((sum, { digestsSent }) => sum + digestsSent, 0),
        digestsReceived:
          observed.k6.metrics === undefined ? null : (k6Metrics["digests"]?.values["count"] ?? 0),
      },
      limits,
    },
    thresholds,
    timeline: merged.timeline,
    worstListeners: worst,
    histograms: Object.fromEntries(
      Object.entries(histograms).map(([id, histogram]) => [id, histogram.snapshot()]),
    ),
    environment: observed.environment,
  };
}

function ratio(part: number | null, whole: number): number | null {
  return part === null || whole === 0 ? null : part / whole;
}

/** Null when there was no such process to watch. */
function sumCpu(usages: readonly ProcessUsage[], wanted: (name: string) => boolean): number | null {
  const found = usages.filter(({ name }) => wanted(name));
  return found.length === 0 ? null : found.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** Sessions that broke before they had joined: the rest of `joined` and `failed` overlap. */
function failedToJoin(hosts: Merged["hosts"]): number {
  return hosts.reduce((sum, { failedToJoin: count }) => sum + count, 0);
}

function worstEventLoop(merged: Merged): Histogram | undefined {
  const histograms = merged.hosts.flatMap(({ histograms: { event_loop_delay: snapshot } }) =>
    snapshot === undefined ? [] : [Histogram.from(snapshot)],
  );
  return histograms.toSorted((a, b) => (b.quantile(0.99) ?? 0) - (a.quantile(0.99) ?? 0))[0];
}

function longestStall(merged: Merged): number | null {
  const stalls = merged.hosts.map(({ histograms: { event_loop_delay: snapshot } }) => snapshot?.max ?? null);
  return stalls.length === 0 || stalls.includes(null) ? null : Math.max(...(stalls as number[]));
}

function exactFigures(
  merged: Merged,
  sessions: { planned: number; failed: number },
  durationSeconds: number,
): ExactFigures {
  const { packets } = merged;
  const exact: Partial<Record<FigureId, ExactFigure>> = {};
  for (const [id, histogram] of Object.entries(merged.histograms) as [FigureId, Histogram][]) {
    if (figures[id]?.kind === "distribution") exact[id] = { kind: "distribution", histogram };
  }
  const counted = merged.hosts.length > 0;
  return {
    durationSeconds,
    figures: {
      ...exact,
      packets_sent: { kind: "counter", value: packets.sent, n: packets.sent },
      packets_expected: { kind: "counter", value: packets.expected, n: packets.expected },
      packets_received: { kind: "counter", value: packets.received, n: packets.expected },
      lost: { kind: "rate", hits: packets.lost, tries: packets.expected },
      late: { kind: "rate", hits: packets.late, tries: packets.expected },
      undecryptable: { kind: "rate", hits: packets.refused, tries: packets.received },
      session_ok: { kind: "rate", hits: merged.completed, tries: sessions.planned },
      session_errors: { kind: "counter", value: sessions.failed, n: counted ? sessions.planned : 0 },
    },
  };
}
