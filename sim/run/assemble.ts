/** From all that was observed of a run to its result. Pure: no clock, no files. */
import type { AgentReport, Destination, FailureCause, ProcessUsage } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";
import { resultSchemaVersion, type Result } from "../protocol/result.ts";
import type { SystemFailure, VerdictFacts } from "../verdict/facts.ts";
import { evaluateClientLimits, evaluateHarnessLimits } from "../verdict/harness-limits.ts";
import { abortedByThreshold, judgeThresholds, type K6SummaryMetrics } from "../verdict/judge.ts";
import { findLossIntervals } from "../verdict/loss-intervals.ts";
import { decideVerdict } from "../verdict/outcome.ts";
import { exactFigures, harnessMeasures, longestStall, worstEventLoop } from "./_measures.ts";
import { browsersOf } from "./browsers.ts";
import { clientsOf } from "./clients.ts";
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
    /** What the script last said of sessions that failed, by cause. */
    complaints: Partial<Record<FailureCause, string>>;
    browserComplaints: string[];
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
  const { plan, scenario } = observed;
  const k6Metrics = observed.k6.metrics ?? {};
  const clients =
    scenario.clients === null ? null : clientsOf(scenario.clients, k6Metrics, observed.k6.complaints);
  const browsers =
    scenario.browsers === 0
      ? null
      : browsersOf(scenario.browsers, k6Metrics, observed.k6.browserComplaints, merged);
  const joinedOf = (hosts: Merged["hosts"]): number => hosts.reduce((sum, { joined }) => sum + joined, 0);
  const planned = {
    stage: plan === undefined ? 0 : 1 + plan.stage.speakers,
    audience: clients?.planned ?? plan?.audience.listeners ?? 0,
  };
  const joined = { stage: joinedOf(merged.stage), audience: clients?.joined ?? joinedOf(merged.audience) };
  const failures = clients?.failures ?? merged.failures;
  const failed = failures.reduce((sum, { count }) => sum + count, 0);
  const heard = merged.packets.received - merged.packets.refused;
  const worst = worstListeners(merged.audience, worstListed);
  const mouthToEar = merged.histograms.mouth_to_ear;
  // A late packet was observed too: it was only never played.
  const mouthToEarDistribution = {
    ...distributionOf(mouthToEar, null),
    coverage: heard > 0 ? Math.min(1, ((mouthToEar?.n ?? 0) + merged.packets.late) / heard) : null,
  };
  const { machineBusyRatio } = observed;
  const countedByK6 = (metric: string): number | null =>
    observed.k6.metrics === undefined ? null : (k6Metrics[metric]?.values["count"] ?? 0);
  const droppedIterations = countedByK6("dropped_iterations");
  const measures = harnessMeasures(merged, {
    stage: { planned: planned.stage, joined: joined.stage },
    audience: { planned: planned.audience, joined: joined.audience },
    machineBusyRatio,
    mouthToEarCoverage: mouthToEarDistribution.coverage,
    digestsReceived: countedByK6("digests"),
    droppedIterations,
    browsers,
  });
  const limits =
    clients === null
      ? evaluateHarnessLimits(measures)
      : evaluateClientLimits({
          machineBusyRatio,
          droppedIterations,
          audience: clients,
          lateStartP99: clients.lateStartP99,
        });
  const thresholds = judgeThresholds(
    scenario.thresholds,
    clients === null
      ? exactFigures(merged, { planned: planned.stage + planned.audience, failed }, observed.durationSeconds)
      : null,
    k6Metrics,
  );
  const facts: VerdictFacts = {
    systemFailure: observed.systemFailure,
    interrupted: observed.interrupted,
    planned,
    joined,
    failures,
    media: clients === null,
    browsers,
    talkPlanned: plan !== undefined && plan.conversation.model !== "silent",
    packets: { ...merged.packets, heard },
    deaf: {
      count: merged.audience.reduce((sum, { deaf }) => sum + deaf, 0),
      names: worst.filter(({ deaf, failure }) => deaf && failure === null).map(({ name }) => name),
    },
    strangers: merged.sframe.strangers,
    seconds: merged.timeline,
    longestStallSeconds: longestStall(merged),
    hosts: { expected: observed.expectedHosts, reported: merged.hosts.map(({ name }) => name) },
    agentDeath: observed.agentDeath,
    k6: {
      exitCode: observed.k6.exitCode,
      detail: observed.k6.detail,
      exception: observed.k6.exception,
      summary: observed.k6.metrics !== undefined,
      abortedByThreshold: abortedByThreshold(scenario.thresholds, k6Metrics),
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
    scenario: scenario.name,
    profile: scenario.profile,
    seed: observed.seed,
    plan: plan ?? null,
    participants: {
      speakers: planned.stage,
      listeners: planned.audience,
      joined: joined.stage + joined.audience,
      failed,
      failures,
    },
    packets: {
      sent: packets.sent,
      expected: packets.expected,
      received: packets.received,
      lost: packets.lost,
      late: packets.late,
      duplicate: packets.duplicate,
      edge: packets.edge,
      unsent: packets.unsent,
    },
    lostRatio: ratio(packets.lost, packets.expected),
    lateRatio: ratio(packets.late, packets.expected),
    lossIntervals: findLossIntervals(merged.timeline),
    interruptions: {
      resumes: histograms.away?.n ?? 0,
      awaySeconds: distributionOf(histograms.away, null),
      mediaRestarts: histograms.media_restart?.n ?? 0,
      mediaRestartSeconds: distributionOf(histograms.media_restart, null),
    },
    signalling: clients?.figures ?? null,
    browsers,
    mouthToEarSeconds: mouthToEarDistribution,
    pathDelaySeconds: distributionOf(histograms.path_delay, heard),
    playoutDelaySeconds: distributionOf(histograms.playout_delay, heard - packets.late),
    joinSeconds: distributionOf(histograms.join, joinedOf(merged.hosts)),
    firstSoundSeconds: distributionOf(histograms.first_sound, joinedOf(merged.audience)),
    e2ee: {
      enabled: plan?.e2ee.enabled ?? false,
      suite: plan?.e2ee.suite ?? "unknown",
      encryptSeconds: distributionOf(histograms.sframe_encrypt, sframe.encrypted),
      decryptSeconds: distributionOf(histograms.sframe_decrypt, sframe.decrypted),
      keyGapSeconds: distributionOf(histograms.key_gap, null),
      overheadBytesPerFrame: histograms.sframe_overhead?.mean ?? null,
      encryptedFrames: sframe.encrypted,
      decryptedFrames: sframe.decrypted,
      failures: sframe.refused,
      rekeys: sframe.rekeys,
      sealedMessages: sframe.sealed,
      sealSeconds: sframe.sealSeconds,
      strangers: sframe.strangers,
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
        machineBusyRatio,
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
        droppedIterations,
        digestsSent: measures.digestsSent,
        digestsReceived: measures.digestsReceived,
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
