/** Delay by percentile, the axis stretched towards the tail: each step to the right is a tenth of the packets before it. */
import * as Plot from "@observablehq/plot";
import { figure } from "../protocol/figures.ts";
import type { FigureId } from "../protocol/figures.ts";
import type { Result } from "../protocol/result.ts";
import { histogramBucketValue } from "../util/histogram.ts";
import type { HistogramSnapshot } from "../util/histogram.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import { bothWidths } from "./_plot.ts";

const curves = [
  { id: "mouth_to_ear", color: "var(--p99)" },
  { id: "playout_delay", color: "var(--p50)" },
  { id: "path_delay", color: "var(--p95)" },
] as const satisfies { id: FigureId; color: string }[];

type TailPoint = { decades: number; ms: number };

/** Null when nothing was observed that could be drawn. */
export function tailPlot({ histograms }: Result): Html | null {
  const drawn = curves.flatMap(({ id, color }) => {
    const points = tailOf(histograms[id]);
    return points.length === 0 ? [] : [{ id, color, points }];
  });
  if (drawn.length === 0) return null;
  const decades = Math.max(1, ...drawn.map(({ points }) => points.at(-1)?.decades ?? 0));
  const top = Math.max(...drawn.flatMap(({ points }) => points.map(({ ms }) => ms)));
  const ticks = [Math.log10(2), ...Array.from({ length: Math.floor(decades) }, (_, i) => i + 1)];
  return html`<figure>
    <figcaption>
      Delay by percentile <span>ms</span>
      <span class="key">
        ${drawn.map(({ id, color }) => html`<i style="background:${color}"></i>${figure(id).label} `)}
      </span>
    </figcaption>
    ${bothWidths("Delay by percentile, with the tail stretched", () => ({
      height: 250,
      marginTop: 8,
      marginBottom: 28,
      marginLeft: 44,
      marginRight: 20,
      x: { domain: [0, decades], label: null, axis: null },
      y: { domain: [0, top], nice: true, label: null, axis: null },
      marks: [
        Plot.gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
        Plot.axisY({ ticks: 5, tickSize: 0, fill: "var(--quiet)" }),
        Plot.ruleX(ticks, { stroke: "var(--line)" }),
        Plot.axisX(ticks, {
          tickSize: 4,
          fill: "var(--quiet)",
          stroke: "var(--axis)",
          tickFormat: percentile,
        }),
        ...drawn.map(({ points, color }) =>
          Plot.line(points, { x: "decades", y: "ms", stroke: color, strokeWidth: 2, curve: "step-before" }),
        ),
        Plot.ruleY([0], { stroke: "var(--axis)" }),
      ],
    }))}
  </figure>`;
}

/** 1 is p90, 2 is p99... */
function percentile(decades: number): string {
  return `p${Number((100 - 10 ** (2 - decades)).toFixed(Math.max(0, Math.ceil(decades) - 2)))}`;
}

/** Of each bucket the share of observations up to it; the last at one observation in all. */
function tailOf(snapshot: HistogramSnapshot | undefined): TailPoint[] {
  if (snapshot === undefined || !(snapshot.n > 0)) return [];
  const points: TailPoint[] = [];
  let seen = 0;
  for (const [bucket, count] of snapshot.buckets) {
    seen += count;
    const above = Math.max(1 - seen / snapshot.n, 1 / (2 * snapshot.n));
    const decades = Math.max(0, -Math.log10(above));
    const ms = histogramBucketValue(bucket) * 1000;
    if (Number.isFinite(decades) && Number.isFinite(ms)) points.push({ decades, ms });
  }
  const first = points[0];
  return first === undefined ? [] : [{ decades: 0, ms: first.ms }, ...points];
}
