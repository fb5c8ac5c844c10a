/**
 * k6's thresholds, as `k6 inspect` prints them under `thresholds`:
 *
 *   { "mouth_to_ear_ms": ["p(99)<400", { "threshold": "avg<200", "abortOnFail": true }] }
 *
 * The grammar is k6's ("Thresholds" in its documentation), and stricter than it in three places where k6 goes
 * wrong silently: a metric nobody fills, a percentile outside 0 to 100 (k6 1.1.0 panics), a limit that is not finite.
 */
import { z } from "zod";
import { figureIds, figureOfK6Metric, k6MetricName } from "../protocol/figures.ts";
import type { FigureId } from "../protocol/figures.ts";
import { BadInputError } from "../util/errors.ts";
import { aggregationsOfKind, k6BuiltIn, k6BuiltInNames, k6KindOfFigure } from "./k6-metrics.ts";
import type { K6MetricKind } from "./k6-metrics.ts";
import { nearestName } from "./_nearest-name.ts";

export type Aggregation =
  | { kind: "avg" | "min" | "max" | "med" | "count" | "rate" | "value" }
  /** `percent` from 0 to 100. */
  | { kind: "percentile"; percent: number };

export const thresholdOperators = ["<=", "<", ">=", ">", "===", "==", "!="] as const;
export type ThresholdOperator = (typeof thresholdOperators)[number];

export type ThresholdExpression = {
  aggregation: Aggregation;
  operator: ThresholdOperator;
  limit: number;
};

export type Threshold = ThresholdExpression & {
  /** As it stands in the script, tags and all. */
  metric: string;
  /** As it stands in the script. */
  expression: string;
  metricKind: K6MetricKind;
  /** Our figure behind the metric; null for k6's own. */
  figure: FigureId | null;
  /** Whether the metric is a part of another, by tags. */
  tagged: boolean;
  abortOnFail: boolean;
};

const thresholdsSchema = z
  .record(
    z.string(),
    z.array(
      z.union([
        z.string(),
        z.strictObject({
          threshold: z.string(),
          abortOnFail: z.boolean().nullish(),
          delayAbortEval: z.string().nullish(),
        }),
      ]),
    ),
  )
  .nullish();

const numberPattern = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const expressionPattern = new RegExp(
  String.raw`^\s*(?:(avg|min|max|med|count|rate|value)|p\((${numberPattern})\))\s*(<=|<|>=|>|===|==|!=)\s*(${numberPattern})\s*$`,
);
const metricPattern = /^([^{}]+?)\s*(?:\{(.*)\})?$/;
const grammar = `an aggregation (avg, min, max, med, p(N), count, rate, value), an operator (${thresholdOperators.join(" ")}) and a number, e.g. p(99)<400`;

/** Null where the text is no threshold expression. */
export function parseThresholdExpression(text: string): ThresholdExpression | null {
  const match = expressionPattern.exec(text);
  if (match === null) return null;
  const [, word, percentText, operatorText, limitText] = match;
  const limit = Number(limitText);
  const operator = thresholdOperators.find((candidate) => candidate === operatorText);
  if (operator === undefined || !Number.isFinite(limit)) return null;
  if (percentText !== undefined) {
    const percent = Number(percentText);
    if (!(percent >= 0 && percent <= 100)) return null;
    return { aggregation: { kind: "percentile", percent }, operator, limit };
  }
  const kind = words.find((candidate) => candidate === word);
  return kind === undefined ? null : { aggregation: { kind }, operator, limit };
}

const words = ["avg", "min", "max", "med", "count", "rate", "value"] as const;

/** An aggregation as k6 writes it: `p(99)`, `avg`. */
export function aggregationText(aggregation: Aggregation): string {
  return aggregation.kind === "percentile" ? `p(${aggregation.percent})` : aggregation.kind;
}

/** Whether a measured value meets an expression; k6 reads `==` and `===` alike. */
export function meets(measured: number, { operator, limit }: ThresholdExpression): boolean {
  switch (operator) {
    case "<":
      return measured < limit;
    case "<=":
      return measured <= limit;
    case ">":
      return measured > limit;
    case ">=":
      return measured >= limit;
    case "==":
    case "===":
      return measured === limit;
    case "!=":
      return measured !== limit;
  }
}

/**
 * Parses `options.thresholds` of `k6 inspect`; none at all gives an empty list.
 * Throws BadInputError `bad-threshold`, naming the metric, the expression and what would fit.
 */
export function parseThresholds(thresholds: unknown): Threshold[] {
  const parsed = thresholdsSchema.safeParse(thresholds);
  if (!parsed.success) {
    throw new BadInputError("bad-threshold", `thresholds: ${z.prettifyError(parsed.error)}`, {
      hint: 'Write { "<metric>": ["<expression>", { "threshold": "<expression>", "abortOnFail": true }] }.',
    });
  }
  return Object.entries(parsed.data ?? {}).flatMap(([metric, entries]) =>
    entries.map((entry) =>
      typeof entry === "string"
        ? parseOne(metric, entry, false)
        : parseOne(metric, entry.threshold, entry.abortOnFail ?? false),
    ),
  );
}

function parseOne(metric: string, expression: string, abortOnFail: boolean): Threshold {
  const where = `threshold "${expression}" on metric "${metric}"`;
  const { name, tagged } = splitMetric(metric, where);
  const ours = figureOfK6Metric(name);
  const metricKind = ours === undefined ? k6BuiltIn(name)?.kind : k6KindOfFigure(ours);
  if (metricKind === undefined) throw unknownMetric(name, where);
  const parsed = parseThresholdExpression(expression);
  if (parsed === null) {
    throw new BadInputError("bad-threshold", `${where}: not a threshold; expected ${grammar}`, {
      hint: `Of a ${metricKind} k6 knows ${aggregationsOfKind[metricKind].join(", ")}; N is from 0 to 100.`,
    });
  }
  const asked = parsed.aggregation.kind === "percentile" ? "p(N)" : parsed.aggregation.kind;
  if (!aggregationsOfKind[metricKind].includes(asked)) {
    throw new BadInputError(
      "bad-threshold",
      `${where}: "${aggregationText(parsed.aggregation)}" does not fit ${name}, which is a ${metricKind}; ` +
        `expected one of ${aggregationsOfKind[metricKind].join(", ")}`,
    );
  }
  return {
    ...parsed,
    metric,
    expression,
    metricKind,
    figure: ours?.id ?? null,
    tagged,
    abortOnFail,
  };
}

function splitMetric(metric: string, where: string): { name: string; tagged: boolean } {
  const match = metricPattern.exec(metric);
  const tags = match?.[2];
  const wellFormed = tags === undefined || tags.split(",").every((tag) => /^\s*[^:\s][^:]*:.*\S/.test(tag));
  if (match?.[1] === undefined || !wellFormed) {
    throw new BadInputError(
      "bad-threshold",
      `${where}: expected a metric's name, or name{tag:value,tag:value}`,
    );
  }
  return { name: match[1].trim(), tagged: tags !== undefined };
}

function unknownMetric(name: string, where: string): BadInputError {
  const ours = figureIds.map(k6MetricName);
  const nearest = nearestName(name, [...ours, ...k6BuiltInNames]);
  const guess = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  return new BadInputError("bad-threshold", `${where}: there is no metric "${name}".${guess}`, {
    hint: `Soundcheck's metrics: ${ours.join(", ")}. k6's own: ${k6BuiltInNames.join(", ")}.`,
  });
}

/** What k6 must be told by `--summary-trend-stats`, so that its summary holds what these thresholds ask for, and n. */
export function summaryTrendStats(thresholds: readonly Threshold[]): string[] {
  const asked = thresholds
    .filter(({ metricKind }) => metricKind === "trend")
    .map(({ aggregation }) => aggregationText(aggregation));
  return [...new Set(["count", "avg", "min", "med", "max", "p(95)", "p(99)", ...asked])];
}
