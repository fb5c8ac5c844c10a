import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BadInputError } from "../util/errors.ts";
import {
  aggregationText,
  meets,
  parseThresholdExpression,
  parseThresholds,
  summaryTrendStats,
  thresholdOperators,
} from "./threshold.ts";

function refusal(thresholds: unknown): BadInputError {
  try {
    parseThresholds(thresholds);
  } catch (error) {
    if (error instanceof BadInputError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("parseThresholds", () => {
  test("reads both spellings that k6 inspect prints", () => {
    const parsed = parseThresholds({
      mouth_to_ear_ms: [
        "p(99)<400",
        { threshold: "p(99.90) <= 4.5e2", abortOnFail: true, delayAbortEval: "5s" },
      ],
      dropped_iterations: [{ threshold: "count==0", abortOnFail: false, delayAbortEval: null }],
    });
    expect(parsed).toMatchObject([
      {
        metric: "mouth_to_ear_ms",
        expression: "p(99)<400",
        aggregation: { kind: "percentile", percent: 99 },
        operator: "<",
        limit: 400,
        figure: "mouth_to_ear",
        metricKind: "trend",
        tagged: false,
        abortOnFail: false,
      },
      {
        aggregation: { kind: "percentile", percent: 99.9 },
        operator: "<=",
        limit: 450,
        abortOnFail: true,
      },
      { figure: null, metricKind: "counter", operator: "==", limit: 0 },
    ]);
  });

  test("takes no thresholds at all for an empty list", () => {
    expect(parseThresholds(null)).toEqual([]);
    expect(parseThresholds(undefined)).toEqual([]);
    expect(parseThresholds({})).toEqual([]);
  });

  test("knows a tagged metric by its name without tags", () => {
    const [threshold] = parseThresholds({ "lost{kind:audience,room:a}": ["rate<0.01"] });
    expect(threshold).toMatchObject({
      figure: "lost",
      tagged: true,
      metric: "lost{kind:audience,room:a}",
    });
  });

  test.each([
    ["mouth_to_ear", "mouth_to_ear_ms"],
    ["mouth_too_ear_ms", "mouth_to_ear_ms"],
    ["mouth-to-ear", "mouth_to_ear_ms"],
    ["iteration_durations", "iteration_duration"],
    ["session_error", "session_errors"],
  ])("guesses what %s was meant to be", (typed, meant) => {
    const error = refusal({ [typed]: ["p(99)<400"] });
    expect(error.message).toContain(`"p(99)<400" on metric "${typed}"`);
    expect(error.message).toContain(`Did you mean ${meant}?`);
  });

  test("guesses nothing where nothing is near, but lists what there is", () => {
    const error = refusal({ zzzzzzzzzz: ["p(99)<400"] });
    expect(error.message).not.toContain("Did you mean");
    expect(error.hint).toContain("mouth_to_ear_ms");
    expect(error.hint).toContain("http_req_duration");
  });

  test.each([
    ["mouth_to_ear_ms", "rate<1", "avg, min, max, med, p(N)"],
    ["mouth_to_ear_ms", "count>0", "avg, min, max, med, p(N)"],
    ["lost", "p(99)<1", "rate"],
    ["session_errors", "value==0", "count, rate"],
    ["vus", "avg<3", "value"],
  ])("refuses on %s the aggregation of %s, and names those that fit", (metric, expression, choices) => {
    const error = refusal({ [metric]: [expression] });
    expect(error.message).toContain(`threshold "${expression}" on metric "${metric}"`);
    expect(error.message).toContain(`expected one of ${choices}`);
    expect(error.exitCode).toBe(2);
  });

  test.each([
    "p(99)=400",
    "p(99)<",
    "<400",
    "p(101)<400",
    "p(-1)<400",
    "p( 99 )<400",
    "p()<400",
    "p99<400",
    "p(99)<0x10",
    "p(99)<inf",
    "p(99)<1e999",
    "p(99)<NaN",
    "p(99)<4_0",
    "p(99)<400 ms",
    "p(99)<400,avg<3",
    "P(99)<400",
    "p(99)!400",
    "",
  ])("refuses the malformed expression %j", (expression) => {
    expect(refusal({ mouth_to_ear_ms: [expression] }).message).toContain(
      `threshold "${expression}" on metric "mouth_to_ear_ms"`,
    );
  });

  test.each(["mouth_to_ear_ms{", "mouth_to_ear_ms{}", "mouth_to_ear_ms{kind}", "{kind:a}", "lost}{", ""])(
    "refuses the malformed metric %j",
    (metric) => {
      expect(refusal({ [metric]: ["p(99)<400"] }).code).toBe("bad-threshold");
    },
  );

  test.each([
    [5],
    ["p(99)<400"],
    [{ lost: "rate<1" }],
    [{ lost: [3] }],
    [{ lost: [{ treshold: "rate<1" }] }],
  ])("refuses %j, which k6 inspect never prints", (input) => {
    expect(refusal(input).code).toBe("bad-threshold");
  });

  test("refuses or parses any text, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (metric, expression) => {
        try {
          parseThresholds({ [metric]: [expression] });
        } catch (error) {
          expect(error).toBeInstanceOf(BadInputError);
        }
      }),
    );
  });
});

describe("parseThresholdExpression", () => {
  test.each([
    [" p(99)  <  .5 ", 0.5],
    ["avg>=5.", 5],
    ["rate!=+5", 5],
    ["min>-4", -4],
    ["count===0", 0],
  ])("reads %j as k6 does", (text, limit) => {
    expect(parseThresholdExpression(text)?.limit).toBe(limit);
  });

  test("reads back whatever it writes", () => {
    const aggregation = fc.oneof(
      fc.constantFrom("avg", "min", "max", "med", "count", "rate", "value").map((kind) => ({ kind })),
      fc
        .double({ min: 0, max: 100, noNaN: true })
        .map((percent) => ({ kind: "percentile" as const, percent: percent === 0 ? 0 : percent })),
    );
    fc.assert(
      fc.property(
        aggregation,
        fc.constantFrom(...thresholdOperators),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((limit) => !Object.is(limit, -0)),
        (aggregated, operator, limit) => {
          const expression = { aggregation: aggregated, operator, limit };
          const text = `${aggregationText(aggregated)}${operator}${limit}`;
          expect(parseThresholdExpression(text)).toEqual(expression);
        },
      ),
    );
  });
});

test.each([
  ["<", true, false, false],
  ["<=", true, true, false],
  [">", false, false, true],
  [">=", false, true, true],
  ["==", false, true, false],
  ["===", false, true, false],
  ["!=", true, false, true],
] as const)("%s holds below, at and above the limit: %s, %s, %s", (operator, below, at, above) => {
  const expression = { aggregation: { kind: "avg" as const }, operator, limit: 5 };
  expect([4, 5, 6].map((measured) => meets(measured, expression))).toEqual([below, at, above]);
});

test("asks k6 for n and for each percentile that a threshold stands on", () => {
  const stats = summaryTrendStats(
    parseThresholds({ iteration_duration: ["p(97.5)<4", "avg<3"], lost: ["rate<1"] }),
  );
  expect(stats).toContain("count");
  expect(stats).toContain("p(97.5)");
  expect(stats).not.toContain("rate");
  expect(new Set(stats).size).toBe(stats.length);
});
