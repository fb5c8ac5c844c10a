import { describe, expect, test } from "vitest";
import {
  figure,
  figureIds,
  figureOfK6Metric,
  figures,
  k6MetricName,
  k6Scale,
  prometheusName,
  resultKey,
  type Figure,
} from "./figures.ts";
import { resultSchema } from "./result.ts";

const all: Figure[] = figureIds.map(figure);

describe("every figure", () => {
  test.each(all)("$id has names that its kind of place allows", ({ id, unit, kind }) => {
    expect(id).toMatch(/^[a-z][a-z0-9_]*$/);
    // Prometheus: base units, and `_total` on counters alone (its naming practices).
    expect(prometheusName(id)).toMatch(/^soundcheck_[a-z0-9_]+_(seconds|bytes|ratio|total)$/);
    expect(prometheusName(id).endsWith("_total")).toBe(kind === "counter");
    expect(k6MetricName(id)).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/);
    expect(k6MetricName(id).endsWith("_ms")).toBe(unit === "seconds");
    expect(resultKey(id)).toMatch(/^[a-z][A-Za-z0-9]*$/);
  });

  test.each(all)("$id is found again by its k6 metric", (found) => {
    expect(figureOfK6Metric(k6MetricName(found.id))).toEqual(found);
  });

  test.each(all)("$id is described in a sentence, under a heading", ({ label, description }) => {
    expect(description).toMatch(/^[A-Z].*[a-z).]\.$/);
    expect(label).toMatch(/^[A-Z]/);
  });

  test.each(all.filter(({ kind }) => kind === "distribution"))(
    "$id has rising bounds, if any",
    ({ bounds = [] }) => {
      for (const [index, bound] of bounds.entries()) expect(bound).toBeGreaterThan(bounds[index - 1] ?? 0);
    },
  );

  test.each(all.filter(({ kind }) => kind !== "distribution"))(
    "$id, which is no distribution, has no bounds",
    ({ bounds }) => {
      expect(bounds).toBeUndefined();
    },
  );

  test("has names of its own everywhere", () => {
    for (const nameOf of [k6MetricName, prometheusName, resultKey]) {
      expect(new Set(figureIds.map(nameOf)).size).toBe(figureIds.length);
    }
  });
});

describe("a k6 metric", () => {
  test("of time is in milliseconds, everything else as it is", () => {
    expect(k6MetricName("mouth_to_ear")).toBe("mouth_to_ear_ms");
    expect(k6Scale("mouth_to_ear")).toBe(1000);
    expect(k6MetricName("lost")).toBe("lost");
    expect(k6Scale("lost")).toBe(1);
    expect(k6Scale("sframe_overhead")).toBe(1);
  });

  test.each(["http_req_duration", "mouth_to_ear", "lost_ms", "", "toString", "__proto__"])(
    "%j is none of ours",
    (name) => {
      expect(figureOfK6Metric(name)).toBeUndefined();
    },
  );
});

test("result.json has the figures of the room under the names that the registry gives them", () => {
  const keys = Object.keys(resultSchema.shape);
  for (const id of [
    "mouth_to_ear",
    "path_delay",
    "playout_delay",
    "join",
    "first_sound",
    "lost",
    "late",
  ] as const) {
    expect(keys).toContain(resultKey(id));
  }
  expect(Object.keys(resultSchema.shape.harness.shape)).toEqual(
    expect.arrayContaining([resultKey("late_send"), resultKey("event_loop_delay")]),
  );
});

test("the limits that scenarios set on mouth to ear are bounds of its Prometheus histogram", () => {
  expect(figures.mouth_to_ear.bounds).toEqual(expect.arrayContaining([0.15, 0.2, 0.3, 0.4]));
});
