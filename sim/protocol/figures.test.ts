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
  type FigureId,
} from "./figures.ts";
import { resultSchema } from "./result.ts";

describe("the names of a figure derive from its entry", () => {
  test.each<[FigureId, string, string, string]>([
    ["mouth_to_ear", "mouth_to_ear_ms", "mouthToEarSeconds", "soundcheck_mouth_to_ear_seconds"],
    ["lost", "lost", "lostRatio", "soundcheck_lost_ratio"],
    ["packets_sent", "packets_sent", "packetsSent", "soundcheck_packets_sent_total"],
    ["sframe_overhead", "sframe_overhead", "sframeOverheadBytes", "soundcheck_sframe_overhead_bytes"],
  ])("%s", (id, k6, result, prometheus) => {
    expect(k6MetricName(id)).toBe(k6);
    expect(resultKey(id)).toBe(result);
    expect(prometheusName(id)).toBe(prometheus);
    expect(figureOfK6Metric(k6)).toEqual(figure(id));
  });

  test("no two figures share a name anywhere", () => {
    for (const name of [k6MetricName, resultKey, prometheusName]) {
      expect(new Set(figureIds.map(name)).size).toBe(figureIds.length);
    }
  });

  test("k6 counts time in milliseconds, and nothing else otherwise than we do", () => {
    for (const id of figureIds) expect(k6Scale(id)).toBe(figures[id].unit === "seconds" ? 1000 : 1);
  });

  test("a metric of k6's own, or a mistyped one, is no figure", () => {
    for (const name of ["iterations", "mouth_to_ear", "mouth_to_ears_ms", "", "toString", "__proto__"]) {
      expect(figureOfK6Metric(name)).toBeUndefined();
    }
  });
});

test("result.json names its figures as the registry does", () => {
  const { shape } = resultSchema;
  const atTheTop: FigureId[] = [
    "mouth_to_ear",
    "path_delay",
    "playout_delay",
    "join",
    "first_sound",
    "lost",
    "late",
  ];
  expect(Object.keys(shape)).toEqual(expect.arrayContaining(atTheTop.map(resultKey)));
  const ofTheHarness: FigureId[] = ["late_send", "event_loop_delay"];
  expect(Object.keys(shape.harness.shape)).toEqual(expect.arrayContaining(ofTheHarness.map(resultKey)));
});

test("a distribution has bounds for its Prometheus histogram, ascending; nothing else has", () => {
  for (const id of figureIds) {
    const { kind, bounds } = figure(id);
    if (kind !== "distribution") expect(bounds).toBeUndefined();
    else expect(bounds).toEqual([...new Set(bounds)].toSorted((a, b) => a - b));
  }
});
