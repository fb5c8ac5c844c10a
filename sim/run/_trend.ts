import type { Distribution } from "../protocol/result.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";

/** k6's own figures of a trend, each divided by `scale` (1000: ms to s); k6 shows zeros for one without observations. */
export function trendDistribution(metric: K6SummaryMetrics[string] | undefined, scale = 1000): Distribution {
  const n = metric?.values["count"] ?? 0;
  const at = (key: string): number | null => {
    const value = n === 0 ? undefined : metric?.values[key];
    return value == null ? null : value / scale;
  };
  return {
    n,
    coverage: n === 0 ? null : 1,
    min: at("min"),
    mean: at("avg"),
    p50: at("med"),
    p95: at("p(95)"),
    p99: at("p(99)"),
    p999: at("p(99.9)"),
    max: at("max"),
  };
}
