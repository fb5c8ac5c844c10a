/** The run second by second: who was there, what was said, what was lost, how late it was. All share one axis of time. */
import * as Plot from "@observablehq/plot";
import type { Result } from "../protocol/result.ts";
import { parseThresholdExpression } from "../verdict/threshold.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import { bothWidths } from "./_plot.ts";
import type { PlotWidth } from "./_plot.ts";
import { largest, secondsPerPoint, timelinePoints } from "./_timeline-points.ts";
import type { PointKey, TimelinePoint } from "./_timeline-points.ts";

type Panel = {
  title: Html;
  /** What a screen reader says. */
  label: string;
  heightPx: number;
  /** Top of the axis. */
  top: number;
  marks: Plot.Markish[];
};

export function timelinePlots(result: Result): Html {
  const step = secondsPerPoint(result.timeline);
  const points = timelinePoints(result.timeline, step);
  const domain: [number, number] = [Math.min(0, points[0]?.from ?? 0), Math.max(1, points.at(-1)?.to ?? 1)];
  const panels = panelsOf(points, result, step, domain[1]);
  const intervals = result.lossIntervals.map(({ fromSecond, toSecond }) => ({ fromSecond, toSecond }));
  return html`${panels.map(({ title, label, heightPx, top, marks }, i) => {
    const isLast = i === panels.length - 1;
    return html`<figure>
      <figcaption>${title}</figcaption>
      ${bothWidths(label, (width) => ({
        height: heightPx + (isLast ? 20 : 0),
        marginTop: 8,
        marginBottom: isLast ? 28 : 8,
        marginLeft: 44,
        marginRight: 8,
        x: { domain, label: null, axis: null },
        y: { domain: [0, top], label: null, nice: true, axis: null },
        marks: [
          Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 4 }),
          Plot.axisY({ ticks: 4, tickSize: 0, tickFormat: short, fill: "var(--quiet)" }),
          ...marks,
          Plot.rectX(intervals, { x1: "fromSecond", x2: "toSecond", fill: "var(--bad)", fillOpacity: 0.12 }),
          Plot.ruleY([0], { stroke: "var(--axis)" }),
          ...(isLast ? [timeAxis(width, domain[1])] : []),
        ],
      }))}
    </figure>`;
  })}`;
}

function panelsOf(points: readonly TimelinePoint[], result: Result, step: number, end: number): Panel[] {
  const limits = delayLimits(result);
  const worst = step > 1 ? `, worst second of every ${step}` : "";
  const top = (key: PointKey, least: number): number =>
    Math.max(least, largest(points.map((point) => point[key])) ?? 0);
  const panels: Panel[] = [
    {
      title: html`In the room`,
      label: "Participants in the room over time",
      heightPx: 92,
      top: top("inRoom", 5),
      marks: [steps(points, "inRoom", "var(--soft)")],
    },
  ];
  if (top("failed", 0) > 0) {
    panels.push({
      title: html`Failed <span>sessions a second${worst}</span>`,
      label: "Sessions that failed over time",
      heightPx: 92,
      top: top("failed", 4),
      marks: [steps(points, "failed", "var(--bad)")],
    });
  }
  panels.push({
    title: html`Talk <span>packets sent a second</span>`,
    label: "Packets sent a second over time",
    heightPx: 92,
    top: top("sent", 10),
    marks: [steps(points, "sent", "var(--soft)")],
  });
  if (points.some(({ lostPercent }) => lostPercent !== null)) {
    panels.push({
      title: html`Lost <span>% of expected packets${worst}</span>`,
      label: "Share of packets lost over time",
      heightPx: 92,
      top: Math.min(100, top("lostPercent", 1)),
      marks: [steps(points, "lostPercent", "var(--bad)")],
    });
  }
  if (points.some(({ p50, p95, p99 }) => p50 !== null || p95 !== null || p99 !== null)) {
    panels.push({
      title: html`Mouth to ear <span>ms${worst}</span>
        <span class="key">
          <i style="background:var(--p50)"></i>p50 <i style="background:var(--p95)"></i>p95
          <i style="background:var(--p99)"></i>p99
        </span>`,
      label: "Quantiles of mouth-to-ear delay over time",
      heightPx: 170,
      top: Math.max(
        top("p50", 50),
        top("p95", 50),
        top("p99", 50),
        ...limits.map(({ limit }) => limit * 1.05),
      ),
      marks: [
        Plot.ruleY(limits, { y: "limit", stroke: "var(--quiet)", strokeDasharray: "3 3" }),
        Plot.text(limits, {
          x: () => end,
          y: "limit",
          text: "text",
          textAnchor: "end",
          dy: -7,
          fill: "var(--quiet)",
        }),
        line(points, "p99", "var(--p99)", 1.5),
        line(points, "p95", "var(--p95)", 1.5),
        line(points, "p50", "var(--p50)", 2),
      ],
    });
  }
  return panels;
}

/** An area that holds each value for as long as its point lasts. */
function steps(points: readonly TimelinePoint[], key: PointKey, fill: string): Plot.Markish {
  const corners = points.map((point): { at: number; value: number | null } => ({
    at: point.from,
    value: point[key],
  }));
  const last = points.at(-1);
  if (last !== undefined) corners.push({ at: last.to, value: last[key] });
  return Plot.areaY(corners, { x: "at", y: "value", fill, curve: "step-after" });
}

function line(
  points: readonly TimelinePoint[],
  key: PointKey,
  stroke: string,
  strokeWidth: number,
): Plot.Markish {
  const middles = points.map((point) => ({ at: (point.from + point.to) / 2, value: point[key] }));
  return Plot.line(middles, { x: "at", y: "value", stroke, strokeWidth, strokeLinejoin: "round" });
}

/** The upper limits on mouth-to-ear that the scenario sets. */
function delayLimits({ thresholds }: Result): { limit: number; text: string }[] {
  return thresholds.flatMap(({ metric, expression }) => {
    const parsed = metric === "mouth_to_ear_ms" ? parseThresholdExpression(expression) : null;
    return parsed !== null && parsed.operator.startsWith("<") && parsed.limit > 0
      ? [{ limit: parsed.limit, text: expression }]
      : [];
  });
}

function timeAxis({ narrow }: PlotWidth, end: number): Plot.Markish {
  return Plot.axisX({
    ticks: narrow ? 4 : 10,
    tickSize: 4,
    fill: "var(--quiet)",
    stroke: "var(--axis)",
    tickFormat: (second: number) => (end <= 180 ? `${second} s` : minutes(second)),
  });
}

function minutes(second: number): string {
  return `${Math.floor(second / 60)}:${String(Math.round(second % 60)).padStart(2, "0")}`;
}

function short(value: number): string {
  return Math.abs(value) >= 10_000 ? `${value / 1000}k` : value.toLocaleString("en-US");
}
