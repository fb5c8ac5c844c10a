import type { AgentReport, HostReport } from "../protocol/fleet.ts";
import type { Distribution, Result, TimelineSecond } from "../protocol/result.ts";
import type { FigureId } from "../protocol/figures.ts";
import { worstOf } from "../fleet/worst-listeners.ts";
import { Histogram } from "../util/histogram.ts";

/** What all hosts measured, as one: histograms merged, counts added up. */
export type Merged = {
  stage: HostReport[];
  audience: HostReport[];
  hosts: HostReport[];
  packets: HostReport["packets"];
  histograms: Partial<Record<FigureId, Histogram>>;
  failures: HostReport["failures"];
  completed: number;
  sframe: HostReport["sframe"];
  timeline: TimelineSecond[];
};

export function mergeReports(report: AgentReport | undefined): Merged {
  const hosts = report?.hosts ?? [];
  return {
    hosts,
    stage: hosts.filter(({ kind }) => kind === "stage"),
    audience: hosts.filter(({ kind }) => kind === "audience"),
    packets: addUp(
      hosts.map(({ packets }) => packets),
      {
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
      },
    ),
    histograms: mergeHistograms(hosts),
    failures: mergeFailures(hosts),
    completed: hosts.reduce((sum, { completed }) => sum + completed, 0),
    sframe: mergeSframe(hosts),
    timeline: mergeTimeline(hosts),
  };
}

function addUp<Counts extends Record<string, number>>(parts: readonly Counts[], zero: Counts): Counts {
  const sum: Record<string, number> = { ...zero };
  for (const part of parts)
    for (const [key, value] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + value;
  return sum as Counts;
}

function mergeHistograms(hosts: readonly HostReport[]): Merged["histograms"] {
  const merged: Merged["histograms"] = {};
  for (const { histograms } of hosts) {
    for (const [id, snapshot] of Object.entries(histograms)) {
      (merged[id as FigureId] ??= new Histogram()).merge(snapshot);
    }
  }
  return merged;
}

function mergeFailures(hosts: readonly HostReport[]): HostReport["failures"] {
  const merged = new Map<string, HostReport["failures"][number]>();
  for (const failure of hosts.flatMap(({ failures }) => failures)) {
    const key = `${failure.cause} ${failure.message}`;
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...failure });
    else known.count += failure.count;
  }
  return [...merged.values()].toSorted((a, b) => b.count - a.count);
}

function mergeSframe(hosts: readonly HostReport[]): HostReport["sframe"] {
  const numbers = addUp(
    hosts.map(({ sframe: { refused: _refused, strangers: _strangers, ...counts } }) => counts),
    { encrypted: 0, decrypted: 0, timedEncrypt: 0, timedDecrypt: 0, rekeys: 0, sealed: 0, sealSeconds: 0 },
  );
  return {
    ...numbers,
    strangers: [...new Set(hosts.flatMap(({ sframe }) => sframe.strangers))],
    refused: addUp(
      hosts.map(({ sframe }) => sframe.refused),
      {},
    ),
  };
}

function mergeTimeline(hosts: readonly HostReport[]): TimelineSecond[] {
  const bySecond = new Map<
    number,
    { counts: Omit<TimelineSecond, `mouthToEar${string}`>; mouthToEar: Histogram }
  >();
  const seconds = hosts.flatMap((host) => host.seconds).toSorted((a, b) => a.second - b.second);
  for (const { second, mouthToEar, ...counts } of seconds) {
    const known = bySecond.get(second);
    const entry = known ?? {
      counts: {
        second,
        inRoom: 0,
        joined: 0,
        left: 0,
        failed: 0,
        sent: 0,
        expected: 0,
        received: 0,
        lost: 0,
        late: 0,
      },
      mouthToEar: new Histogram(),
    };
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) entry.counts[key] += counts[key];
    if (mouthToEar !== null) entry.mouthToEar.merge(mouthToEar);
    bySecond.set(second, entry);
  }
  let inRoom = 0;
  return [...bySecond.values()].map(({ counts, mouthToEar }) => {
    inRoom += counts.joined - counts.left;
    return {
      ...counts,
      inRoom: Math.max(0, inRoom),
      mouthToEarP50: mouthToEar.quantile(0.5),
      mouthToEarP95: mouthToEar.quantile(0.95),
      mouthToEarP99: mouthToEar.quantile(0.99),
    };
  });
}

/** `possible`: how many observations there could have been; null when that is not a question (then coverage is null without any). */
export function distributionOf(histogram: Histogram | undefined, possible: number | null): Distribution {
  const n = histogram?.n ?? 0;
  const coverage = possible === null ? (n > 0 ? 1 : null) : possible > 0 ? Math.min(1, n / possible) : null;
  const at = (share: number): number | null => histogram?.quantile(share) ?? null;
  return {
    n,
    coverage,
    min: histogram?.min ?? null,
    mean: histogram?.mean ?? null,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: histogram?.max ?? null,
  };
}

export type WorstListeners = Result["worstListeners"];

/** The worst of all hosts, each of which names its own worst first. */
export function worstListeners(hosts: readonly HostReport[], most: number): WorstListeners {
  return worstOf(
    hosts.flatMap(({ worst }) => worst),
    most,
  );
}
