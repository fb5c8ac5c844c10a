import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram } from "../util/histogram.ts";
import { abortedByThreshold, judgeThresholds, k6SummaryMetricsSchema } from "./judge.ts";
import type { ExactFigures, K6SummaryMetrics } from "./judge.ts";
import { parseThresholds } from "./threshold.ts";

const noFigures: ExactFigures = { figures: {}, durationSeconds: 60 };

function histogramOf(...seconds: number[]): Histogram {
  const histogram = new Histogram();
  for (const value of seconds) histogram.observe(value);
  return histogram;
}

function judgeOne(metric: string, expression: string, exact = noFigures, k6: K6SummaryMetrics = {}) {
  const [judged] = judgeThresholds(parseThresholds({ [metric]: [expression] }), exact, k6);
  if (judged === undefined) throw new Error("nothing judged");
  return judged;
}

describe("our figures", () => {
  const exact: ExactFigures = {
    durationSeconds: 50,
    figures: {
      mouth_to_ear: { kind: "distribution", histogram: histogramOf(0.1, 0.2, 0.3, 0.5) },
      sframe_overhead: { kind: "distribution", histogram: histogramOf(20, 21) },
      lost: { kind: "rate", hits: 3, tries: 1000 },
      late: { kind: "rate", hits: 0, tries: 0 },
      session_errors: { kind: "counter", value: 0, n: 204 },
      packets_sent: { kind: "counter", value: 9000, n: 9000 },
    },
  };

  test("are judged on the merged histogram, in k6's milliseconds", () => {
    const judged = judgeOne("mouth_to_ear_ms", "p(99)<400", exact);
    expect(judged).toMatchObject({ source: "exact", n: 4, ok: false, k6Measured: null });
    expect(judged.measured).toBeCloseTo(500, 6);
    expect(judgeOne("mouth_to_ear_ms", "avg<=275.001", exact)).toMatchObject({ ok: true, n: 4 });
    expect(judgeOne("mouth_to_ear_ms", "min>99", exact).ok).toBe(true);
    expect(judgeOne("mouth_to_ear_ms", "max<400", exact).ok).toBe(false);
    expect(judgeOne("mouth_to_ear_ms", "med<250", exact).ok).toBe(true);
  });

  test("in bytes keep their unit", () => {
    expect(judgeOne("sframe_overhead", "max<=21", exact)).toMatchObject({ measured: 21, ok: true });
  });

  test("overrule k6, whose value stands beside", () => {
    const k6: K6SummaryMetrics = {
      lost: { type: "rate", values: { rate: 0.05, passes: 5, fails: 95 } },
    };
    expect(judgeOne("lost", "rate<0.01", exact, k6)).toEqual({
      metric: "lost",
      expression: "rate<0.01",
      source: "exact",
      n: 1000,
      measured: 0.003,
      k6Measured: 0.05,
      ok: true,
    });
  });

  test("fail without samples, whatever the operator", () => {
    for (const operator of ["<", "<=", ">", ">=", "==", "!="]) {
      expect(judgeOne("late", `rate${operator}0`, exact)).toMatchObject({
        n: 0,
        measured: null,
        ok: false,
      });
      expect(judgeOne("join_ms", `p(95)${operator}0`, exact)).toMatchObject({ n: 0, ok: false });
    }
  });

  test("count from zero when there were chances to count", () => {
    expect(judgeOne("session_errors", "count==0", exact)).toMatchObject({
      n: 204,
      measured: 0,
      ok: true,
    });
    expect(judgeOne("packets_sent", "rate>100", exact)).toMatchObject({ measured: 180, ok: true });
  });

  test("that k6 alone knows are judged on its figures, and fail without samples", () => {
    const k6: K6SummaryMetrics = {
      browser_mouth_to_ear_ms: { type: "trend", values: { count: 40, "p(95)": 190 } },
    };
    expect(judgeOne("browser_mouth_to_ear_ms", "p(95)<400", exact, k6)).toMatchObject({
      source: "k6",
      n: 40,
      measured: 190,
      ok: true,
    });
    expect(judgeOne("browser_mouth_to_ear_ms", "p(95)<400", exact)).toMatchObject({ n: 0, ok: false });
  });

  test("with tags are judged by k6, who alone knows tags", () => {
    const metric = "mouth_to_ear_ms{kind:audience}";
    const k6: K6SummaryMetrics = { [metric]: { type: "trend", values: { count: 7, "p(99)": 90 } } };
    expect(judgeOne(metric, "p(99)<100", exact, k6)).toMatchObject({
      source: "k6",
      n: 7,
      measured: 90,
      ok: true,
    });
    expect(judgeOne(metric, "p(99)<100", exact, {})).toMatchObject({
      source: "k6",
      n: 0,
      ok: false,
    });
  });
});

describe("k6's own metrics", () => {
  // As k6 1.1.0 hands them to handleSummary.
  const k6 = k6SummaryMetricsSchema.parse({
    iterations: { type: "counter", contains: "default", values: { count: 5, rate: 0.1 } },
    dropped_iterations: {
      type: "counter",
      contains: "default",
      values: { count: 0, rate: 0 },
      thresholds: { "count==0": { ok: true } },
    },
    iteration_duration: {
      type: "trend",
      contains: "time",
      values: { count: 5, avg: 3, "p(99.90)": 4 },
    },
    ws_connecting: { type: "trend", contains: "time", values: { count: 0, avg: 0 } },
    http_req_duration: { type: "trend", contains: "time", values: { avg: 3 } },
    checks: { type: "rate", contains: "default", values: { rate: 0.8, passes: 4, fails: 1 } },
    http_req_failed: {
      type: "rate",
      contains: "default",
      values: { rate: 0, passes: 0, fails: 0 },
    },
    data_sent: { type: "counter", contains: "data", values: { count: 5000, rate: 100 } },
    vus: { type: "gauge", contains: "default", values: { value: 0, min: 0, max: 9 } },
    vus_max: { type: "gauge", contains: "default", values: { value: 0, min: 0, max: 0 } },
  });
  const judge = (metric: string, expression: string) => judgeOne(metric, expression, noFigures, k6);

  test("are judged on its summary", () => {
    expect(judge("iteration_duration", "p(99.9)<5")).toMatchObject({
      source: "k6",
      n: 5,
      measured: 4,
      k6Measured: 4,
      ok: true,
    });
    expect(judge("checks", "rate>0.9")).toMatchObject({ n: 5, measured: 0.8, ok: false });
    expect(judge("data_sent", "count>0")).toMatchObject({ n: 5, ok: true });
    expect(judge("vus", "value==0")).toMatchObject({ n: 1, ok: true });
  });

  test("take a counter that stayed at zero for a true zero when iterations ran", () => {
    expect(judge("dropped_iterations", "count==0")).toMatchObject({ n: 5, measured: 0, ok: true });
  });

  test("fail where k6 reports an empty metric as zero", () => {
    expect(judge("ws_connecting", "avg<100")).toMatchObject({ n: 0, measured: null, ok: false });
    expect(judge("http_req_failed", "rate<0.01")).toMatchObject({
      n: 0,
      measured: null,
      ok: false,
    });
    expect(judge("vus_max", "value==0")).toMatchObject({ n: 0, ok: false });
    expect(judge("http_reqs", "count==0")).toMatchObject({ n: 0, ok: false });
  });

  test("fail where n is not known", () => {
    expect(judge("http_req_duration", "avg<100")).toMatchObject({ n: 0, ok: false });
  });
});

test("a run aborted by a threshold is known by k6's own finding on one that may abort", () => {
  const thresholds = parseThresholds({ lost: [{ threshold: "rate<0.1", abortOnFail: true }] });
  const found = (ok: boolean): K6SummaryMetrics => ({
    lost: { type: "rate", values: {}, thresholds: { "rate<0.1": { ok } } },
  });
  expect(abortedByThreshold(thresholds, found(false))).toBe(true);
  expect(abortedByThreshold(thresholds, found(true))).toBe(false);
  expect(abortedByThreshold(parseThresholds({ lost: ["rate<0.1"] }), found(false))).toBe(false);
});

test("nothing is met without a finite value and at least one observation", () => {
  const value = fc.option(fc.double());
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("count", "avg", "p(99)", "passes", "fails", "rate"), value),
      fc.double(),
      fc.double(),
      (values, hits, tries) => {
        const judged = judgeThresholds(
          parseThresholds({
            ws_ping: ["avg<100", "p(99)<100"],
            checks: ["rate<1"],
            lost: ["rate<1"],
          }),
          { figures: { lost: { kind: "rate", hits, tries } }, durationSeconds: 0 },
          { ws_ping: { type: "trend", values }, checks: { type: "rate", values } },
        );
        for (const { ok, n, measured } of judged) {
          expect(Number.isSafeInteger(n) && n >= 0).toBe(true);
          if (measured !== null) expect(Number.isFinite(measured)).toBe(true);
          if (ok) expect(n > 0 && measured !== null).toBe(true);
        }
      },
    ),
  );
});
