/** What k6's summary says of clients that are its own VUs (scenarios/lib/client.ts), without media and without agent. */
import type { FailureCause } from "../protocol/fleet.ts";
import type { Result } from "../protocol/result.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";
import { trendDistribution } from "./_trend.ts";

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
  const lateStart = trendDistribution(metrics["late_start_ms"]);
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
      joinSeconds: trendDistribution(metrics["signalling_join_ms"]),
      answerSeconds: trendDistribution(metrics["signalling_answer_ms"]),
    },
  };
}
