import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";
import type { Progress } from "../protocol/fleet.ts";
import { figures, prometheusName, type FigureId } from "../protocol/figures.ts";

/** What a scrape of an agent shows: the present run's counts, and the agent process's own. */
export function agentMetrics(progress: () => Progress | undefined): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: (progress: Progress) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const now = progress();
        if (now !== undefined) this.set(read(now));
      },
    });
  };
  const counter = (id: FigureId, read: (progress: Progress) => number): void => {
    new Counter({
      name: prometheusName(id),
      help: figures[id].description,
      registers: [registry],
      collect() {
        const now = progress();
        this.reset();
        if (now !== undefined) this.inc(read(now));
      },
    });
  };
  gauge("soundcheck_agent_stage_participants", "Participants on the stage now.", (now) => now.stageJoined);
  gauge("soundcheck_agent_audience_participants", "Participants who joined the audience.", (now) => now.audienceJoined);
  gauge("soundcheck_agent_speaking_participants", "Participants who speak at this moment.", (now) => now.speaking);
  counter("packets_sent", (now) => now.sent);
  counter("packets_expected", (now) => now.expected);
  counter("packets_received", (now) => now.received);
  counter("session_errors", (now) => now.failed);
  return registry;
}
