import { describe, expect, test } from "vitest";
import { resultSchema } from "../protocol/result.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";
import { agentReport, goodHosts } from "./_reports.ts";
import { browsersOf } from "./browsers.ts";
import { mergeReports } from "./merge.ts";

const trend = (values: Record<string, number>): K6SummaryMetrics[string] => ({ type: "trend", values });
const metrics: K6SummaryMetrics = {
  browser_ok: { type: "rate", values: { rate: 0.5, passes: 1, fails: 1 } },
  browser_join_ms: trend({ count: 2, avg: 400, med: 400, "p(95)": 500, min: 300, max: 500 }),
  browser_mouth_to_ear_ms: trend({ count: 50, avg: 150, med: 145, "p(95)": 190, "p(99)": 200, max: 210 }),
  browser_output_ms: trend({ count: 50, avg: 40 }),
  browser_uncertainty_ms: trend({ count: 50, max: 6 }),
  browser_playout_delay_ms: trend({ count: 48, avg: 90, med: 88 }),
  browser_concealed: trend({ count: 48, avg: 0.01, "p(95)": 0.02 }),
  browser_energy: trend({ count: 48, avg: 0.03, med: 0.03 }),
  browser_chirps_due: trend({ count: 2, avg: 26 }),
  browser_chirps_heard: trend({ count: 2, avg: 25 }),
};
const merged = mergeReports(agentReport(...goodHosts()));

describe("browsersOf", () => {
  test("reads k6's summary: times in seconds, shares as they are, coverage over all browsers", () => {
    const browsers = browsersOf(2, metrics, ["browser 1: nobody chirps"], merged);
    expect(browsers).toMatchObject({
      planned: 2,
      started: 2,
      ok: 1,
      problems: ["browser 1: nobody chirps"],
      joinSeconds: { n: 2, p50: 0.4 },
      mouthToEarSeconds: { n: 50, p50: 0.145, p95: 0.19, p99: 0.2 },
      outputSeconds: 0.04,
      uncertaintySeconds: 0.006,
      concealedRatios: { mean: 0.01, p95: 0.02 },
      energyRatios: { p50: 0.03 },
    });
    expect(browsers.mouthToEarSeconds.coverage).toBeCloseTo(50 / 52);
  });

  test("stands simulated listeners beside, those of the audience alone", () => {
    const { simulated } = browsersOf(2, metrics, [], merged);
    expect(simulated.joinSeconds.n).toBe(3);
    expect(simulated.mouthToEarSeconds.n).toBe(merged.histograms.mouth_to_ear?.n);
    expect(simulated.lateRatio).toBeCloseTo(1 / 300);
  });

  test("tells the model from the real jitter buffer, without the browser's own output", () => {
    const { simulated, modelLessReal } = browsersOf(2, metrics, [], merged);
    expect(modelLessReal.mouthToEarSeconds).toBeCloseTo(
      (simulated.mouthToEarSeconds.p50 ?? 0) - (0.145 - 0.04),
    );
    expect(modelLessReal.playoutDelaySeconds).toBeCloseTo((simulated.playoutDelaySeconds.mean ?? 0) - 0.09);
  });

  test("knows nothing where k6 has nothing but zeros, and where nobody was simulated", () => {
    const empty = Object.fromEntries(
      Object.keys(metrics).map((name) => [name, trend({ count: 0, avg: 0, med: 0, max: 0 })]),
    );
    for (const nothing of [{}, empty]) {
      const browsers = browsersOf(2, nothing, [], mergeReports(undefined));
      expect(browsers).toMatchObject({
        started: 0,
        ok: 0,
        mouthToEarSeconds: { n: 0, coverage: null, p50: null },
        outputSeconds: null,
        uncertaintySeconds: null,
        simulated: { lateRatio: null, joinSeconds: { n: 0, p50: null } },
        modelLessReal: { mouthToEarSeconds: null, playoutDelaySeconds: null },
      });
      expect(() => resultSchema.shape.browsers.parse(browsers)).not.toThrow();
    }
  });
});
