import { figureOfK6Metric } from "../protocol/figures.ts";
import type { JudgedThreshold, Reason } from "../protocol/result.ts";
import type { VerdictFacts } from "./facts.ts";
import { k6BuiltIn } from "./k6-metrics.ts";
import { grouped, plural, significant } from "./_numbers.ts";
import { whatFailed } from "./_system-reasons.ts";

/** `mouth_to_ear_ms p(99)<400: measured 612 ms (n = 1,203,200)`. */
export function thresholdReasons({ thresholds }: VerdictFacts): Reason[] {
  return thresholds
    .filter(({ ok, n, measured }) => !ok || n === 0 || measured === null)
    .map((threshold) => ({
      code: "threshold",
      message:
        `${threshold.metric} ${threshold.expression}: ` +
        (threshold.n === 0 || threshold.measured === null
          ? `no samples (n = ${grouped(threshold.n)}), which fails`
          : `measured ${measuredText(threshold, threshold.measured)} (n = ${grouped(threshold.n)})`),
    }));
}

function measuredText({ metric }: JudgedThreshold, measured: number): string {
  const unit = k6Unit(metric);
  return unit === "" ? significant(measured, 4) : `${significant(measured, 4)} ${unit}`;
}

/** The unit in which k6 counts a metric, tags apart; empty for ratios, counts and unknown ones. */
export function k6Unit(metric: string): "ms" | "bytes" | "" {
  const name = metric.replace(/\{.*$/, "").trim();
  const ours = figureOfK6Metric(name);
  if (ours !== undefined)
    return ours.unit === "seconds" ? "ms" : ours.unit === "bytes" ? "bytes" : "";
  const contains = k6BuiltIn(name)?.contains;
  return contains === "time" ? "ms" : contains === "data" ? "bytes" : "";
}

/** Sessions broke, and no threshold says how many may. */
export function sessionReasons(facts: VerdictFacts): Reason[] {
  const broken = facts.failures.reduce((sum, { count }) => sum + count, 0);
  const governed = facts.thresholds.some(({ metric }) =>
    /^session_(ok|errors)$/.test(metric.trim()),
  );
  return broken === 0 || governed
    ? []
    : [
        {
          code: "sessions-broken",
          message: `${plural(broken, "session")} broke: ${whatFailed(facts)}.`,
        },
      ];
}
