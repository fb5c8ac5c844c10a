/** One room: a stage that talks and an audience that listens, seated and led out by the clock. */
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import type { Options } from "k6/options";
import type { RunHandle } from "../../sim/protocol/fleet.ts";
import type { RunPlan } from "../../sim/protocol/run-plan.ts";
import { metrics } from "./metrics.ts";
import { readParameters } from "./parameters.ts";
import { attend } from "./participant.ts";

/** All times in seconds. */
export type RoomParameters = {
  /** Speakers on the stage beside the host. */
  speakers: number;
  listeners: number;
  /** Listeners who leave halfway through the talk; each leave makes the host deal fresh keys. */
  leavers: number;
  /** So many listeners leave, and as many others come, evenly over the talk. */
  churn: number;
  /** So many speakers leave, and as many others come, evenly over the talk. */
  stageChurn: number;
  /** Over how long the audience arrives, evenly. */
  join: number;
  /** For how long everybody is there. */
  talk: number;
  /** panel, monologue, everyone, silent or chirp. */
  conversation: string;
  /** Opus bit rate: 24000, 32000 or 40000 bit/s. */
  bitrate: number;
};

type Comings = "leavers" | "churn" | "stageChurn";
/** All stay unless it says so. */
export type RoomProfile = Omit<RoomParameters, Comings> & Partial<Pick<RoomParameters, Comings>>;

export type RoomScenario = {
  options: Options;
  /** When the audience leaves, from the start of the scenarios. */
  audienceLeavesSeconds: number;
  setup(): RunHandle;
  teardown(run: RunHandle): void;
  stage(run: RunHandle): void;
  audience(run: RunHandle): void;
};

/** The stage is seated first; the audience begins to arrive after this long. */
export const stageLeadSeconds = 1.5;
/** The stage leaves this long after the audience began to: until its accounts are settled. */
const stageLagSeconds = 3;
export const joinTimeoutSeconds = 10;

/** A room whose parameters are those of its profiles. */
export function roomScenario(definition: {
  name: string;
  profiles: Record<string, RoomProfile>;
  defaultProfile: string;
  thresholds: Record<string, string[]>;
}): RoomScenario {
  const { name, thresholds } = definition;
  const profiles: Record<string, RoomParameters> = {};
  for (const [profile, given] of Object.entries(definition.profiles)) {
    profiles[profile] = { leavers: 0, churn: 0, stageChurn: 0, ...given };
  }
  return roomOf({ name, thresholds, ...readParameters(profiles, definition.defaultProfile) });
}

/** A room of the given size; throws, with what is valid, on one that cannot be. */
export function roomOf(definition: {
  name: string;
  profile: string;
  parameters: RoomParameters;
  /** Real browsers that the scenario itself brings in. */
  browsers?: number;
  thresholds: Record<string, string[]>;
}): RoomScenario {
  const { profile, parameters } = definition;
  const models = ["panel", "monologue", "everyone", "silent", "chirp"];
  if (!models.includes(parameters.conversation)) {
    throw new Error(
      `parameter conversation: expected one of ${models.join(", ")}, found "${parameters.conversation}"`,
    );
  }
  const { speakers, listeners, leavers, churn, stageChurn, join, talk } = parameters;
  // Together short of the longest talk of a run plan.
  for (const [name, most] of [
    ["join", 3600],
    ["talk", 60_000],
  ] as const) {
    if (parameters[name] > most) {
      throw new Error(`parameter ${name}: expected at most ${most} s, found ${parameters[name]}`);
    }
  }
  const whole = {
    speakers: 63,
    listeners: 100_000,
    leavers: listeners,
    churn: listeners - leavers,
    stageChurn: Math.min(speakers, 63 - speakers),
  };
  for (const [name, most] of Object.entries(whole)) {
    const value = parameters[name as keyof typeof whole];
    if (!Number.isInteger(value) || value > most) {
      throw new Error(`parameter ${name}: expected a whole number from 0 to ${most}, found ${value}`);
    }
  }
  if (![24_000, 32_000, 40_000].includes(parameters.bitrate)) {
    throw new Error(`parameter bitrate: expected 24000, 32000 or 40000 bit/s, found ${parameters.bitrate}`);
  }
  const audienceLeavesSeconds = stageLeadSeconds + join + talk;
  const halfwaySeconds = stageLeadSeconds + join + talk / 2;
  // Spread over the audience, so that they are not just the first to have come.
  const leavesEarly = (index: number): boolean =>
    Math.floor(((index + 1) * leavers) / listeners) > Math.floor((index * leavers) / listeners);
  const stageLeavesSeconds = audienceLeavesSeconds + stageLagSeconds;
  /** When the nth of so many changes is, evenly over the talk. */
  const changeSeconds = (nth: number, count: number): number =>
    stageLeadSeconds + join + (talk * (nth + 0.5)) / count;
  const audienceStay = (index: number): [comes: number, leaves: number] => {
    if (index >= listeners) return [changeSeconds(index - listeners, churn), audienceLeavesSeconds];
    const comes = stageLeadSeconds + (join * index) / listeners;
    if (index < churn) return [comes, changeSeconds(index, churn)];
    return [comes, leavesEarly(index) ? halfwaySeconds : audienceLeavesSeconds];
  };
  // The host, who is the first, stays.
  const stageStay = (index: number): [comes: number, leaves: number] => {
    if (index > speakers) return [changeSeconds(index - speakers - 1, stageChurn), stageLeavesSeconds];
    const changes = index > 0 && index <= stageChurn;
    return [0, changes ? changeSeconds(index - 1, stageChurn) : stageLeavesSeconds];
  };
  const executor = {
    executor: "per-vu-iterations",
    iterations: 1,
    maxDuration: `${stageLeavesSeconds + 30}s`,
    gracefulStop: "5s",
  } as const;

  return {
    audienceLeavesSeconds,
    options: {
      scenarios: {
        stage: { ...executor, exec: "stage", vus: 1 + speakers + stageChurn },
        ...(listeners > 0 ? { audience: { ...executor, exec: "audience", vus: listeners + churn } } : {}),
      },
      thresholds: definition.thresholds,
      summaryTrendStats: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "count"],
      setupTimeout: "60s",
      teardownTimeout: "60s",
      noConnectionReuse: false,
      // Read by `soundcheck run` through `k6 inspect`.
      ext: { soundcheck: { scenario: definition.name, profile, parameters } },
    },
    setup: () => {
      const plan = runPlan(definition.name, profile, parameters, stageLeavesSeconds + 5);
      const { browsers } = definition;
      return startRun(browsers === undefined ? plan : { ...plan, audience: { ...plan.audience, browsers } });
    },
    teardown: (run) => {
      http.post(`${agentUrl()}/runs/${run.runId}/end`, null, { timeout: "60s" });
    },
    stage: (run) => {
      guarded(() => {
        const index = exec.scenario.iterationInTest;
        const [comesSeconds, leavesSeconds] = stageStay(index);
        sleep(comesSeconds);
        takeSeat(run, "stage", index, leavesSeconds);
      });
    },
    audience: (run) => {
      guarded(() => {
        const index = exec.scenario.iterationInTest;
        const [comesSeconds, leavesSeconds] = audienceStay(index);
        sleep(comesSeconds);
        takeSeat(run, "audience", index, leavesSeconds);
      });
    },
  };
}

function takeSeat(run: RunHandle, kind: "stage" | "audience", index: number, leavesSeconds: number): void {
  const told = attend({
    run,
    kind,
    index,
    leaveAtMs: exec.scenario.startTime + leavesSeconds * 1000,
    joinTimeoutMs: joinTimeoutSeconds * 1000,
  });
  // Nobody is left to drive: whoever started the agent may be gone, and k6 must not stay behind.
  if (!told && http.get(`${agentUrl()}/healthz`).status === 0) exec.test.abort("the fleet agent is gone");
}

/** k6 goes on and exits with 0 after an exception in an iteration: it counts as a broken session. */
function guarded(session: () => void): void {
  try {
    session();
  } catch (error) {
    metrics.session_ok.add(false);
    metrics.session_errors.add(1);
    throw error;
  }
}

export function agentUrl(): string {
  return __ENV["AGENT"] || "http://127.0.0.1:7881";
}

/** WebSocket address of the room server. */
export function targetUrl(): string {
  return __ENV["TARGET"] || "ws://127.0.0.1:7880/room";
}

export function roomOfRun(runId: string): string {
  return runId.slice(0, 64);
}

function runPlan(scenario: string, profile: string, parameters: RoomParameters, seconds: number): RunPlan {
  const runId = __ENV["RUN_ID"] || `${scenario}-${Date.now()}`;
  return {
    runId,
    scenario,
    profile,
    seed: __ENV["SEED"] || "1",
    target: { kind: "soundcheck", url: targetUrl() },
    room: roomOfRun(runId),
    stage: { speakers: parameters.speakers + parameters.stageChurn },
    audience: { listeners: parameters.listeners + parameters.churn },
    conversation: { model: parameters.conversation as RunPlan["conversation"]["model"], seconds },
    audio: { bitrateBps: parameters.bitrate as RunPlan["audio"]["bitrateBps"] },
    e2ee: {
      enabled: (__ENV["E2EE"] || "on") === "on",
      suite: "AES_128_GCM_SHA256_128",
      rekeyWindowSeconds: 5,
    },
    joinTimeoutSeconds,
    lossHorizonSeconds: 1,
    samplesPerSecond: 500,
  };
}

function startRun(plan: RunPlan): RunHandle {
  const response = http.post(`${agentUrl()}/runs`, JSON.stringify(plan), {
    headers: { "content-type": "application/json" },
    timeout: "50s",
  });
  if (response.status === 0) {
    exec.test.abort(
      `no agent at ${agentUrl()}: start one with "soundcheck agent", or name it by -e AGENT=<url>`,
    );
  }
  if (response.status !== 201)
    exec.test.abort(`the agent refused the run: ${JSON.stringify(response.json())}`);
  return response.json() as unknown as RunHandle;
}
