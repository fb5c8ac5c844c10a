/** What k6's summary says of real browsers (scenarios/lib/browser-page.ts), beside what simulated listeners of the same stream had. */
import type { Result } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";
import { trendDistribution } from "./_trend.ts";
import { distributionOf, type Merged } from "./merge.ts";

export type Browsers = NonNullable<Result["browsers"]>;

/** `problems`: what the script last said of browsers that were not in order. */
export function browsersOf(
  planned: number,
  metrics: K6SummaryMetrics,
  problems: readonly string[],
  merged: Merged,
): Browsers {
  const value = (metric: string, key: string): number => metrics[metric]?.values[key] ?? 0;
  const ok = value("browser_ok", "passes");
  const heard = trendDistribution(metrics["browser_mouth_to_ear_ms"]);
  const output = trendDistribution(metrics["browser_output_ms"]);
  const playoutDelaySeconds = trendDistribution(metrics["browser_playout_delay_ms"]);
  const simulated = simulatedOf(merged);
  return {
    planned,
    started: ok + value("browser_ok", "fails"),
    ok,
    problems: [...problems],
    joinSeconds: trendDistribution(metrics["browser_join_ms"]),
    mouthToEarSeconds: { ...heard, coverage: coverageOf(metrics) },
    outputSeconds: output.mean,
    uncertaintySeconds: trendDistribution(metrics["browser_uncertainty_ms"]).max,
    playoutDelaySeconds,
    concealedRatios: trendDistribution(metrics["browser_concealed"], 1),
    energyRatios: trendDistribution(metrics["browser_energy"], 1),
    simulated,
    modelLessReal: {
      // The model ends where a frame leaves the jitter buffer; a browser's output comes after that.
      mouthToEarSeconds: difference(simulated.mouthToEarSeconds.p50, difference(heard.p50, output.mean)),
      playoutDelaySeconds: difference(simulated.playoutDelaySeconds.mean, playoutDelaySeconds.mean),
    },
  };
}

/** Of the chirps said while a browser listened: how many it heard. */
function coverageOf(metrics: K6SummaryMetrics): number | null {
  const sum = (metric: string): number =>
    (metrics[metric]?.values["avg"] ?? 0) * (metrics[metric]?.values["count"] ?? 0);
  const due = sum("browser_chirps_due");
  return due > 0 ? Math.min(1, sum("browser_chirps_heard") / due) : null;
}

/** Of the audience alone: who speaks joins too, and hears nothing. */
function simulatedOf({ audience, histograms, packets }: Merged): Browsers["simulated"] {
  const join = new Histogram();
  for (const host of audience) {
    const snapshot = host.histograms["join"];
    if (snapshot !== undefined) join.merge(snapshot);
  }
  return {
    joinSeconds: distributionOf(join, null),
    mouthToEarSeconds: distributionOf(histograms.mouth_to_ear, null),
    playoutDelaySeconds: distributionOf(histograms.playout_delay, null),
    lateRatio: packets.expected > 0 ? (packets.late + packets.lost) / packets.expected : null,
  };
}

function difference(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one - other;
}
