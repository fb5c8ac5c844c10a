/** Judges k6's thresholds: on exact figures where they are ours, on k6's where they are k6's. Zero samples fail. */
import { z } from "zod";
import { figure as definitionOf, k6Scale } from "../protocol/figures.ts";
import type { FigureId } from "../protocol/figures.ts";
import type { JudgedThreshold } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import type { HistogramSnapshot } from "../util/histogram.ts";
import { aggregationText, meets } from "./threshold.ts";
import type { Aggregation, Threshold } from "./threshold.ts";

/** One figure, merged over all hosts, in the figure's own unit (seconds, bytes, counts). */
export type ExactFigure =
  | { kind: "distribution"; histogram: Histogram | HistogramSnapshot }
  | { kind: "rate"; hits: number; tries: number }
  /** `n`: how many chances there were to count, so that a zero is known to be one. */
  | { kind: "counter"; value: number; n: number };

export type ExactFigures = {
  figures: Partial<Record<FigureId, ExactFigure>>;
  /** Length of the run, for the `rate` of a counter, in seconds. */
  durationSeconds: number;
};

/** `data.metrics` of k6's handleSummary; what else k6 puts there is let be. */
export const k6SummaryMetricsSchema = z.record(
  z.string(),
  z.object({
    type: z.enum(["trend", "rate", "counter", "gauge"]),
    contains: z.string().optional(),
    values: z.record(z.string(), z.number().nullable()),
    thresholds: z.record(z.string(), z.object({ ok: z.boolean() })).optional(),
  }),
);
export type K6SummaryMetrics = z.infer<typeof k6SummaryMetricsSchema>;

/** Whether k6 found a threshold with `abortOnFail` broken on its sample, and so ended the run before its time. */
export function abortedByThreshold(thresholds: readonly Threshold[], metrics: K6SummaryMetrics): boolean {
  return thresholds.some(
    ({ metric, expression, abortOnFail }) =>
      abortOnFail && metrics[metric]?.thresholds?.[expression]?.ok === false,
  );
}

type Measurement = { n: number; measured: number | null };
const nothing: Measurement = { n: 0, measured: null };

/**
 * One judgement a threshold, in their order. Our figures are judged exactly unless tagged (a tag lives in k6
 * alone), known to k6 alone, or where `exact` is null: k6's VUs are the clients, and its figures are all there are. A quantile is within 1/128 of the true one (util/histogram.ts).
 */
export function judgeThresholds(
  thresholds: readonly Threshold[],
  exact: ExactFigures | null,
  k6Metrics: K6SummaryMetrics,
): JudgedThreshold[] {
  return thresholds.map((threshold) => {
    const fromK6 = measureByK6(threshold, k6Metrics);
    const exactly = exact !== null && isExact(threshold);
    const { n, measured } = exactly ? measureExactly(threshold, threshold.figure, exact) : fromK6;
    return {
      metric: threshold.metric,
      expression: threshold.expression,
      source: exactly ? "exact" : "k6",
      n,
      measured,
      k6Measured: fromK6.measured,
      ok: n > 0 && measured !== null && meets(measured, threshold),
    };
  });
}

/** Whether hosts observe what it stands on. */
function isExact({ figure: id, tagged }: Threshold): boolean {
  return id !== null && !tagged && definitionOf(id).byK6 !== true;
}

function measureExactly(threshold: Threshold, id: FigureId | null, exact: ExactFigures): Measurement {
  const figure = id === null ? undefined : exact.figures[id];
  if (id === null || figure === undefined) return nothing;
  switch (figure.kind) {
    case "distribution": {
      const histogram =
        figure.histogram instanceof Histogram ? figure.histogram : Histogram.from(figure.histogram);
      const value = ofHistogram(histogram, threshold.aggregation);
      return finite(histogram.n, value === null ? null : value * k6Scale(id));
    }
    case "rate":
      return finite(figure.tries, figure.hits / figure.tries);
    case "counter":
      return finite(
        figure.n,
        threshold.aggregation.kind === "rate" ? figure.value / exact.durationSeconds : figure.value,
      );
  }
}

function ofHistogram(histogram: Histogram, aggregation: Aggregation): number | null {
  switch (aggregation.kind) {
    case "avg":
      return histogram.mean;
    case "min":
      return histogram.min;
    case "max":
      return histogram.max;
    case "med":
      return histogram.quantile(0.5);
    case "percentile":
      return histogram.quantile(aggregation.percent / 100);
    case "count":
    case "rate":
    case "value":
      return null;
  }
}

function measureByK6(threshold: Threshold, metrics: K6SummaryMetrics): Measurement {
  const metric = metrics[threshold.metric];
  if (metric === undefined || metric.type !== threshold.metricKind) return nothing;
  const values = new Map(Object.entries(metric.values));
  return finite(countByK6(threshold, metric, metrics), lookUp(values, threshold.aggregation));
}

/** k6 keys percentiles as the script spells them: `p(99.90)`. */
function lookUp(values: ReadonlyMap<string, number | null>, aggregation: Aggregation): number | null {
  const direct = values.get(aggregationText(aggregation));
  if (direct !== undefined || aggregation.kind !== "percentile") return direct ?? null;
  for (const [key, value] of values) {
    if (key.startsWith("p(") && Number(key.slice(2, -1)) === aggregation.percent) return value;
  }
  return null;
}

/**
 * k6 reports an empty metric as zero, so n must come from elsewhere: a trend's `count` (ask for it by
 * `summaryTrendStats`), a rate's passes and fails. A counter had a chance in each iteration that was tried;
 * a gauge is one observation, its last, and shows nothing but zeros when it has none.
 */
function countByK6(
  threshold: Threshold,
  metric: K6SummaryMetrics[string],
  metrics: K6SummaryMetrics,
): number {
  const value = (key: string): number => Math.max(0, metric.values[key] ?? 0);
  switch (threshold.metricKind) {
    case "trend":
      return value("count");
    case "rate":
      return value("passes") + value("fails");
    case "counter": {
      const counted = metric.contains === "data" ? Math.min(1, value("count")) : value("count");
      return Math.max(counted, triedIterations(metrics));
    }
    case "gauge":
      return value("value") > 0 || value("max") > 0 ? 1 : 0;
  }
}

function triedIterations(metrics: K6SummaryMetrics): number {
  return (
    (metrics["iterations"]?.values["count"] ?? 0) + (metrics["dropped_iterations"]?.values["count"] ?? 0)
  );
}

function finite(n: number, measured: number | null): Measurement {
  const whole = Math.ceil(n);
  return Number.isSafeInteger(whole) && whole > 0 && measured !== null && Number.isFinite(measured)
    ? { n: whole, measured }
    : { n: Number.isSafeInteger(whole) && whole > 0 ? whole : 0, measured: null };
}
