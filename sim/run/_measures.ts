/** What merged reports come to, as limits and thresholds take it. */
import { figures, type FigureId } from "../protocol/figures.ts";
import type { HarnessMeasures } from "../verdict/harness-limits.ts";
import type { ExactFigure, ExactFigures } from "../verdict/judge.ts";
import { Histogram } from "../util/histogram.ts";
import type { Merged } from "./merge.ts";

type Side = { planned: number; joined: number };

/** What the limits of agent and hosts are held against; what k6 counted is null without its summary. */
export function harnessMeasures(
  merged: Merged,
  seen: {
    stage: Side;
    audience: Side;
    machineBusyRatio: number | null;
    mouthToEarCoverage: number | null;
    digestsReceived: number | null;
    droppedIterations: number | null;
    browsers: HarnessMeasures["browsers"];
  },
): HarnessMeasures {
  const {
    machineBusyRatio,
    mouthToEarCoverage,
    digestsReceived,
    droppedIterations,
    stage,
    audience,
    browsers,
  } = seen;
  return {
    lateSend: {
      p99: merged.histograms.late_send?.quantile(0.99) ?? null,
      p999: merged.histograms.late_send?.quantile(0.999) ?? null,
    },
    eventLoopDelay: merged.hosts.map(({ name, histograms: { event_loop_delay: snapshot } }) => ({
      host: name,
      p99: snapshot === undefined ? null : Histogram.from(snapshot).quantile(0.99),
    })),
    machineBusyRatio,
    heardPackets: merged.packets.received - merged.packets.refused,
    mouthToEarCoverage,
    digestsSent: merged.hosts.reduce((sum, { digestsSent }) => sum + digestsSent, 0),
    digestsReceived,
    droppedIterations,
    browsers,
    stage: { planned: stage.planned, started: stage.joined + failedToJoin(merged.stage) },
    audience: { planned: audience.planned, started: audience.joined + failedToJoin(merged.audience) },
  };
}

/** Sessions that broke before they had joined: the rest of `joined` and `failed` overlap. */
function failedToJoin(hosts: Merged["hosts"]): number {
  return hosts.reduce((sum, { failedToJoin: count }) => sum + count, 0);
}

/** The event loop of the host that was held up most. */
export function worstEventLoop(merged: Merged): Histogram | undefined {
  const histograms = merged.hosts.flatMap(({ histograms: { event_loop_delay: snapshot } }) =>
    snapshot === undefined ? [] : [Histogram.from(snapshot)],
  );
  return histograms.toSorted((a, b) => (b.quantile(0.99) ?? 0) - (a.quantile(0.99) ?? 0))[0];
}

/** In seconds; null where a host was not watched. */
export function longestStall(merged: Merged): number | null {
  const stalls = merged.hosts.map(({ histograms: { event_loop_delay: snapshot } }) => snapshot?.max ?? null);
  return stalls.length === 0 || stalls.includes(null) ? null : Math.max(...(stalls as number[]));
}

export function exactFigures(
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
