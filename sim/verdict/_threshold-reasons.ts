import type { JudgedThreshold, Reason } from "../protocol/result.ts";
import type { VerdictFacts } from "./facts.ts";
import { k6Unit } from "./k6-metrics.ts";
import { grouped, plural, significant } from "./numbers.ts";
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

/** Real browsers that were not in order, whatever the thresholds allow of their figures. */
export function browserReasons({ browsers }: VerdictFacts): Reason[] {
  if (browsers === null || browsers.ok >= browsers.started) return [];
  const broken = browsers.started - browsers.ok;
  const said = browsers.problems.slice(0, 3).join("; ");
  return [
    {
      code: "browsers-broken",
      message: `${grouped(broken)} of ${plural(browsers.planned, "browser")} did not get through: ${said === "" ? "see k6.log" : said}.`,
    },
  ];
}

/** Sessions broke, and no threshold that is met says that so many may. */
export function sessionReasons(facts: VerdictFacts): Reason[] {
  const broken = facts.failures.reduce((sum, { count }) => sum + count, 0);
  const governing = facts.thresholds.filter(({ metric }) => /^session_(ok|errors)$/.test(metric.trim()));
  const allowed = governing.length > 0 && governing.every(({ ok }) => ok);
  return broken === 0 || allowed
    ? []
    : [
        {
          code: "sessions-broken",
          message: `${plural(broken, "session")} broke: ${whatFailed(facts)}.`,
        },
      ];
}
