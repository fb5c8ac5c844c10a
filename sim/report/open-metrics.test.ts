import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Result } from "../protocol/result.ts";
import { arbitraryResult } from "./_arbitrary-result.ts";
import { sampleResult } from "./_sample-result.ts";
import { formatOpenMetrics } from "./open-metrics.ts";

type Point = { name: string; labels: string; value: number; at: number };

/** Reads the text by the grammar of OpenMetrics 1.0, section "ABNF", as far as it is used here. */
function read(text: string): { families: string[]; points: Point[] } {
  const lines = text.split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.pop()).toBe("# EOF");
  const families: string[] = [];
  const points: Point[] = [];
  for (const line of lines) {
    const family = /^# TYPE ([a-z_]+) (?:counter|gauge|histogram)$/.exec(line);
    if (family?.[1] !== undefined) families.push(family[1]);
    else if (line.startsWith("#")) expect(line).toMatch(/^# (?:HELP|UNIT) [a-z_]+ /);
    else {
      const point = /^([a-z_]+)\{((?:[a-z0-9_]+="(?:[^"\\]|\\[\\n"])*",?)+)\} (\S+) (-?\d+\.\d{3})$/.exec(
        line,
      );
      if (point === null) throw new Error(`not a sample: ${line}`);
      const [, name = "", labels = "", value, at] = point;
      expect(Number(value)).not.toBeNaN();
      expect(name.startsWith(families.at(-1) ?? "no family")).toBe(true);
      points.push({ name, labels, value: Number(value), at: Number(at) });
    }
  }
  return { families, points };
}

function valuesOf(result: Result, name: string, label = ""): number[] {
  return read(formatOpenMetrics(result))
    .points.filter((point) => point.name === name && point.labels.includes(label))
    .map(({ value }) => value);
}

describe("formatOpenMetrics", () => {
  test("names each family once, and gives each series' points in order of time", () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const { families, points } = read(formatOpenMetrics(result));
        expect(new Set(families).size).toBe(families.length);
        const last = new Map<string, number>();
        for (const { name, labels, at } of points) {
          const series = `${name}{${labels}}`;
          expect(at).toBeGreaterThan(last.get(series) ?? -Infinity);
          last.set(series, at);
        }
      }),
    );
  });

  test("counts up to the result's own sums", () => {
    const result = sampleResult("blackout");
    const sent = valuesOf(result, "soundcheck_packets_sent_total");
    expect(sent).toHaveLength(result.timeline.length);
    expect(sent.at(-1)).toBe(result.packets.sent);
    expect(valuesOf(result, "soundcheck_packets_received_total").at(-1)).toBe(result.packets.received);
  });

  test("leaves out what was not measured", () => {
    const result = sampleResult("blackout");
    expect(valuesOf(result, "soundcheck_lost_ratio")).toHaveLength(
      result.timeline.filter(({ expected }) => expected > 0).length,
    );
    const text = formatOpenMetrics(sampleResult("nobody"));
    expect(text).not.toContain("soundcheck_lost_ratio");
    expect(text).not.toContain("soundcheck_mouth_to_ear_quantile_seconds");
  });

  test("gives histograms whose buckets grow to their count", () => {
    const result = sampleResult("pass");
    const buckets = valuesOf(result, "soundcheck_mouth_to_ear_seconds_bucket");
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
    expect(buckets.at(-1)).toBe(result.mouthToEarSeconds.n);
    expect(valuesOf(result, "soundcheck_mouth_to_ear_seconds_count")).toEqual([result.mouthToEarSeconds.n]);
  });

  test("tells the outcome, each threshold and each limit", () => {
    const result = sampleResult("overloaded");
    expect(valuesOf(result, "soundcheck_verdict", 'outcome="INVALID"')).toEqual([1]);
    expect(valuesOf(result, "soundcheck_threshold_met")).toHaveLength(result.thresholds.length);
    expect(valuesOf(result, "soundcheck_harness_limit_kept", 'limit="machine-cpu"')).toEqual([0]);
  });

  test("stamps the first second with the run's start", () => {
    const { points } = read(formatOpenMetrics(sampleResult("pass")));
    expect(points.find(({ name }) => name === "soundcheck_in_room")?.at).toBe(
      Date.UTC(2026, 10, 24, 10) / 1000,
    );
  });
});
