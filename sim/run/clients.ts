/** What k6's summary says of clients that are its own VUs (scenarios/lib/client.ts), without media and without agent. */
import type { FailureCause } from "../protocol/fleet.ts";
import type { Distribution, Result } from "../protocol/result.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";

export type Clients = {
  planned: number;
  /** Those whose session began, and has ended one way or the other. */
  started: number;
  joined: number;
  failures: Result["participants"]["failures"];
  /** How late k6 started them; seconds, null without any. */
  lateStartP99: number | null;
  figures: NonNullable<Result["signalling"]>;
};

/** Those that scenarios/lib/client.ts tells apart. */
const causes = [
  "refused",
  "unreachable",
  "disconnected",
  "removed",
  "protocol",
] as const satisfies FailureCause[];

/** `complaints`: the last thing that was said of each cause. */
export function clientsOf(
  planned: number,
  metrics: K6SummaryMetrics,
  complaints: Partial<Record<FailureCause, string>>,
): Clients {
  const value = (metric: string, key: string): number => metrics[metric]?.values[key] ?? 0;
  const lateStart = distributionOf(metrics["late_start_ms"]);
  return {
    planned,
    started: value("session_ok", "passes") + value("session_ok", "fails"),
    joined: value("clients_joined", "count"),
    failures: causes.flatMap((cause) => {
      const count = value(`clients_${cause}`, "count");
      return count === 0 ? [] : [{ cause, message: complaints[cause] ?? "", count }];
    }),
    lateStartP99: lateStart.p99,
    figures: {
      clients: planned,
      joinSeconds: distributionOf(metrics["signalling_join_ms"]),
      answerSeconds: distributionOf(metrics["signalling_answer_ms"]),
    },
  };
}

/** Of a trend in milliseconds; k6 shows zeros for one without observations. */
function distributionOf(metric: K6SummaryMetrics[string] | undefined): Distribution {
  const n = metric?.values["count"] ?? 0;
  const at = (key: string): number | null => {
    const ms = n === 0 ? undefined : metric?.values[key];
    return ms == null ? null : ms / 1000;
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
