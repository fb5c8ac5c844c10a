import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import { figures, prometheusName, type FigureId } from "../protocol/figures.ts";
import type { Progress } from "../protocol/fleet.ts";
import type { Histogram } from "../util/histogram.ts";

/** Counts below each bound of a figure's Prometheus histogram: what travels from a host twice a second. */
export type CoarseHistogram = { atMost: number[]; n: number; sum: number };

/** The figures whose histograms a scrape of an agent shows. */
export const scrapedFigures = [
  "mouth_to_ear",
  "path_delay",
  "join",
  "late_send",
  "event_loop_delay",
  "sframe_encrypt",
  "sframe_decrypt",
] as const satisfies FigureId[];
export type ScrapedFigure = (typeof scrapedFigures)[number];

export function coarse(id: ScrapedFigure, histogram: Histogram): CoarseHistogram {
  const { bounds } = figures[id];
  return { atMost: bounds.map((bound) => histogram.countAtMost(bound)), n: histogram.n, sum: histogram.sum };
}

export type AgentState = {
  progress(): Progress | undefined;
  /** Merged over the hosts of the present run. */
  histograms(): Partial<Record<ScrapedFigure, CoarseHistogram>>;
};

/** What a scrape of an agent shows: the present run's figures, and the agent process's own. */
export function agentMetrics(state: AgentState): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: (progress: Progress) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const now = state.progress();
        this.set(now === undefined ? 0 : read(now));
      },
    });
  };
  const counter = (id: FigureId, read: (progress: Progress) => number): void => {
    new Counter({
      name: prometheusName(id),
      help: figures[id].description,
      registers: [registry],
      collect() {
        const now = state.progress();
        this.reset();
        if (now !== undefined) this.inc(read(now));
      },
    });
  };
  gauge(
    "soundcheck_agent_stage_participants",
    "Participants who joined the stage.",
    (now) => now.stageJoined,
  );
  gauge(
    "soundcheck_agent_audience_participants",
    "Participants who joined the audience.",
    (now) => now.audienceJoined,
  );
  gauge(
    "soundcheck_agent_speaking_participants",
    "Participants who speak at this moment.",
    (now) => now.speaking,
  );
  counter("packets_sent", (now) => now.sent);
  counter("packets_expected", (now) => now.expected);
  counter("packets_received", (now) => now.received);
  counter("session_errors", (now) => now.failed);
  for (const id of scrapedFigures) {
    registry.registerMetric(scrapedHistogram(id, () => state.histograms()[id]) as never);
  }
  return registry;
}

/** prom-client's own histogram costs fifty times ours an observation, so a scrape reads ours (a custom metric). */
function scrapedHistogram(id: ScrapedFigure, read: () => CoarseHistogram | undefined): object {
  const name = prometheusName(id);
  const { bounds, description } = figures[id];
  return {
    name,
    help: description,
    type: "histogram",
    aggregator: "sum",
    reset: () => undefined,
    get: () => {
      const { atMost, n, sum } = read() ?? { atMost: bounds.map(() => 0), n: 0, sum: 0 };
      const bucket = (le: number | "+Inf", value: number): object => ({
        metricName: `${name}_bucket`,
        labels: { le },
        value,
      });
      return Promise.resolve({
        name,
        help: description,
        type: "histogram",
        aggregator: "sum",
        values: [
          ...bounds.map((bound, index) => bucket(bound, atMost[index] ?? 0)),
          bucket("+Inf", n),
          { metricName: `${name}_sum`, labels: {}, value: sum },
          { metricName: `${name}_count`, labels: {}, value: n },
        ],
      });
    },
  };
}
