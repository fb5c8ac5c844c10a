import type { AgentReport, HostReport, Progress, RunHandle } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";
import { toBase64Url } from "../util/bytes.ts";
import { measureWallOffsetMs, type Clock } from "../util/clock.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";
import { scrapedFigures, type CoarseHistogram, type ScrapedFigure } from "./agent-metrics.ts";
import type { HostProgress } from "./host-messages.ts";
import { HostProcess } from "./host-process.ts";

export type AgentRunOptions = {
  plan: RunPlan;
  listenHost: string;
  /** Host processes for the audience. */
  audienceHosts: number;
  tokenSecret: Uint8Array;
  cacheDirectory: string;
  clock: Clock;
};

/** One run on this agent: its host processes, from the plan to the report. */
export class AgentRun {
  readonly plan: RunPlan;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #wallOffsetMs: number;
  readonly #stage: HostProcess;
  readonly #audience: HostProcess[];
  #report: Promise<AgentReport> | undefined;

  private constructor(
    options: AgentRunOptions,
    made: { startMs: number; wallOffsetMs: number; stage: HostProcess; audience: HostProcess[] },
  ) {
    this.plan = options.plan;
    this.#clock = options.clock;
    this.#startMs = made.startMs;
    this.#wallOffsetMs = made.wallOffsetMs;
    this.#stage = made.stage;
    this.#audience = made.audience;
  }

  /** Throws a SetupError, and leaves no process behind, when a host does not come up. */
  static async start(options: AgentRunOptions): Promise<AgentRun> {
    const startMs = options.clock.now();
    const wallOffsetMs = measureWallOffsetMs(options.clock);
    const common = {
      type: "start" as const,
      plan: options.plan,
      listenHost: options.listenHost,
      runStartMs: startMs,
      wallOffsetMs,
      tokenSecret: toBase64Url(options.tokenSecret),
      cacheDirectory: options.cacheDirectory,
    };
    const audience: HostProcess[] = [];
    const forward = (batches: SentBatch[]): void => {
      for (const host of audience) host.send({ type: "sent", batches });
    };
    const starting = await Promise.allSettled([
      HostProcess.start({ ...common, name: "stage", kind: "stage" }, forward),
      ...Array.from({ length: options.audienceHosts }, (_, index) =>
        HostProcess.start({ ...common, name: `audience-${index}`, kind: "audience" }, () => undefined),
      ),
    ]);
    const started = starting.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failed = starting.find((result) => result.status === "rejected");
    const [stage, ...listening] = started;
    if (failed !== undefined || stage === undefined) {
      for (const host of started) host.close();
      throw failed?.reason;
    }
    audience.push(...listening);
    return new AgentRun(options, { startMs, wallOffsetMs, stage, audience });
  }

  get handle(): RunHandle {
    return {
      runId: this.plan.runId,
      hosts: { stage: [this.#stage.url], audience: this.#audience.map(({ url }) => url) },
    };
  }

  progress(): Progress {
    const audience = this.#audience.map(({ progress }) => progress ?? noProgress);
    const stage = this.#stage.progress ?? noProgress;
    const sum = (key: "joined" | "failed" | "left" | "expected" | "received" | "lost"): number =>
      audience.reduce((total, progress) => total + progress[key], 0);
    return {
      runId: this.plan.runId,
      elapsedSeconds: (this.#clock.now() - this.#startMs) / 1000,
      stageJoined: stage.joined,
      audienceJoined: sum("joined"),
      failed: stage.failed + sum("failed"),
      left: stage.left + sum("left"),
      speaking: stage.speaking,
      sent: stage.sent,
      expected: sum("expected"),
      received: sum("received"),
      lost: sum("lost"),
      mouthToEarP95Seconds: audience[0]?.mouthToEarP95Seconds ?? null,
      failure:
        this.#hosts.map(({ died }) => died).find((died) => died !== undefined) ??
        stage.failure ??
        audience.map(({ failure }) => failure).find((failure) => failure !== null) ??
        null,
      chirps: stage.chirps,
      plan: this.plan,
    };
  }

  /** As the hosts last told them, merged. */
  histograms(): Partial<Record<ScrapedFigure, CoarseHistogram>> {
    const merged: Partial<Record<ScrapedFigure, CoarseHistogram>> = {};
    for (const id of scrapedFigures) {
      for (const { progress } of this.#hosts) {
        const part = progress?.histograms[id];
        if (part !== undefined) merged[id] = addCoarse(merged[id], part);
      }
    }
    return merged;
  }

  /** Ends what still goes on; every call answers the one report. Hosts that are gone are missing in it. */
  end(): Promise<AgentReport> {
    this.#report ??= this.#end();
    return this.#report;
  }

  async #end(): Promise<AgentReport> {
    // The audience first waits for the stage's last account, so both are told at once.
    const reports = await Promise.all(this.#hosts.map((host) => host.end()));
    const report: AgentReport = {
      plan: this.plan,
      startedAtMs: this.#startMs + this.#wallOffsetMs,
      endedAtMs: this.#clock.now() + this.#wallOffsetMs,
      hosts: reports.filter((host): host is HostReport => host !== undefined),
    };
    this.close();
    return report;
  }

  get #hosts(): HostProcess[] {
    return [this.#stage, ...this.#audience];
  }

  /** Ends all host processes at once. */
  close(): void {
    for (const host of this.#hosts) host.close();
  }
}

function addCoarse(into: CoarseHistogram | undefined, part: CoarseHistogram): CoarseHistogram {
  if (into === undefined) return part;
  return {
    atMost: into.atMost.map((count, index) => count + (part.atMost[index] ?? 0)),
    n: into.n + part.n,
    sum: into.sum + part.sum,
  };
}

const noProgress: HostProgress = {
  joined: 0,
  failed: 0,
  left: 0,
  speaking: 0,
  sent: 0,
  expected: 0,
  received: 0,
  lost: 0,
  mouthToEarP95Seconds: null,
  failure: null,
  chirps: null,
  histograms: {},
};
