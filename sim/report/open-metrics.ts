/**
 * metrics.om.txt: OpenMetrics 1.0 text with timestamps, for `promtool tsdb create-blocks-from openmetrics`.
 * The timeline as counters and gauges a second, the distributions as histograms at the run's end. A figure that
 * was not measured has no line.
 */
import { figure, figures, prometheusName } from "../protocol/figures.ts";
import type { FigureId } from "../protocol/figures.ts";
import type { Result, TimelineSecond } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import type { HistogramSnapshot } from "../util/histogram.ts";

type Sample = { suffix?: string; labels?: Record<string, string>; value: number; at: number };
type Family = {
  name: string;
  type: "counter" | "gauge" | "histogram";
  unit: string;
  help: string;
  samples: Sample[];
};

export function formatOpenMetrics(result: Result): string {
  const startMs = Date.parse(result.startedAt);
  const start = Number.isFinite(startMs) ? startMs / 1000 : 0;
  const end = start + Math.max(0, result.durationSeconds);
  const common = { run: result.runId, scenario: result.scenario, profile: result.profile };
  const families = [
    ...timelineFamilies(result, start),
    ...histogramFamilies(result, end),
    ...finalFamilies(result, end),
  ].filter(({ samples }) => samples.length > 0);
  return `${families.map((family) => familyText(family, common)).join("")}# EOF\n`;
}

function timelineFamilies({ timeline }: Result, start: number): Family[] {
  const seconds = bySecond(timeline);
  const at = ({ second }: TimelineSecond): number => start + second;
  const total = (id: FigureId, of: (second: TimelineSecond) => number): Family => {
    let sum = 0;
    const samples = seconds.map((second) => ({
      suffix: "_total",
      value: (sum += of(second)),
      at: at(second) + 1,
    }));
    return {
      name: prometheusName(id).replace(/_total$/, ""),
      type: "counter",
      unit: "",
      help: figures[id].description,
      samples,
    };
  };
  const share = (id: FigureId, of: (second: TimelineSecond) => number): Family => ({
    name: prometheusName(id),
    type: "gauge",
    unit: "ratio",
    help: `${figures[id].description} In each second.`,
    samples: seconds
      .filter(({ expected }) => expected > 0)
      .map((second) => ({ value: of(second) / second.expected, at: at(second) })),
  });
  const quantiles = [
    ["0.5", "mouthToEarP50"],
    ["0.95", "mouthToEarP95"],
    ["0.99", "mouthToEarP99"],
  ] as const;
  return [
    {
      name: "soundcheck_in_room",
      type: "gauge",
      unit: "",
      help: "Participants in the room.",
      samples: seconds.map((second) => ({ value: second.inRoom, at: at(second) })),
    },
    total("packets_sent", ({ sent }) => sent),
    total("packets_expected", ({ expected }) => expected),
    total("packets_received", ({ received }) => received),
    total("session_errors", ({ failed }) => failed),
    share("lost", ({ lost }) => lost),
    share("late", ({ late }) => late),
    {
      name: "soundcheck_mouth_to_ear_quantile_seconds",
      type: "gauge",
      unit: "seconds",
      help: `${figures.mouth_to_ear.description} Quantiles of each second.`,
      samples: quantiles.flatMap(([quantile, key]) =>
        seconds.flatMap((second): Sample[] => {
          const value = second[key];
          return value === null ? [] : [{ labels: { quantile }, value, at: at(second) }];
        }),
      ),
    },
  ];
}

/** OpenMetrics wants the points of a series in order of time, each once. */
function bySecond(timeline: readonly TimelineSecond[]): TimelineSecond[] {
  const seconds = new Map(timeline.map((second) => [second.second, second]));
  return [...seconds.values()].sort((a, b) => a.second - b.second);
}

function histogramFamilies({ histograms }: Result, at: number): Family[] {
  return Object.keys(figures)
    .filter((id): id is FigureId => Object.hasOwn(histograms, id))
    .flatMap((id): Family[] => {
      const { kind, unit, description, bounds } = figure(id);
      const snapshot = histograms[id];
      if (kind !== "distribution" || snapshot === undefined) return [];
      return [
        {
          name: prometheusName(id),
          type: "histogram",
          unit,
          help: description,
          samples: bucketsOf(snapshot, bounds ?? [], at),
        },
      ];
    });
}

function bucketsOf(snapshot: HistogramSnapshot, bounds: readonly number[], at: number): Sample[] {
  const histogram = Histogram.from(snapshot);
  return [
    ...bounds.map((bound) => ({
      suffix: "_bucket",
      labels: { le: float(bound) },
      value: histogram.countAtMost(bound),
      at,
    })),
    { suffix: "_bucket", labels: { le: "+Inf" }, value: snapshot.n, at },
    { suffix: "_sum", value: snapshot.sum, at },
    { suffix: "_count", value: snapshot.n, at },
  ];
}

function finalFamilies({ verdict, thresholds, harness }: Result, at: number): Family[] {
  const gauge = (name: string, help: string, samples: Omit<Sample, "at">[]): Family => ({
    name,
    type: "gauge",
    unit: "",
    help,
    samples: samples.map((sample) => ({ ...sample, at })),
  });
  return [
    gauge("soundcheck_verdict", "1 for the outcome of the run.", [
      { labels: { outcome: verdict.outcome }, value: 1 },
    ]),
    gauge(
      "soundcheck_threshold_met",
      "Whether a threshold was met.",
      distinct(thresholds, ({ metric, expression }) => `${metric} ${expression}`).map(
        ({ metric, expression, ok }) => ({ labels: { metric, expression }, value: ok ? 1 : 0 }),
      ),
    ),
    gauge(
      "soundcheck_harness_limit_kept",
      "Whether the harness kept a limit of its own.",
      distinct(harness.limits, ({ id }) => id).map(({ id, ok }) => ({
        labels: { limit: id },
        value: ok ? 1 : 0,
      })),
    ),
  ];
}

function distinct<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

function familyText({ name, type, unit, help, samples }: Family, common: Record<string, string>): string {
  // A unit must be the name's suffix.
  const unitLine = unit !== "" && name.endsWith(`_${unit}`) ? `# UNIT ${name} ${unit}\n` : "";
  const lines = samples.map(({ suffix = "", labels = {}, value, at }) => {
    const all = Object.entries({ ...common, ...labels }).map(([label, text]) => `${label}="${escape(text)}"`);
    return `${name}${suffix}{${all.join(",")}} ${float(value)} ${at.toFixed(3)}\n`;
  });
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${escape(help)}\n${lines.join("")}`;
}

function float(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? value.toFixed(1) : String(value);
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"').replace(/\r/g, " ");
}
