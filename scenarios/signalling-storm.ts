/**
 * Signalling storm: a crowd joins one room within seconds, raises hands, and leaves again; signalling alone, by k6
 * against the room server's WebSocket, without media and so without an agent.
 */
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import type { Options } from "k6/options";
import { visit } from "./lib/client.ts";
import { metrics } from "./lib/metrics.ts";
import { readParameters } from "./lib/parameters.ts";
import { handleSummary } from "./lib/summary.ts";
import { canSign } from "./lib/token.ts";

/** Shares from 0 to 1, times in seconds. */
const profiles = {
  smoke: { clients: 200, speakers: 2, join: 2, stay: 2, hands: 0.1 },
  spike: { clients: 2000, speakers: 4, join: 10, stay: 5, hands: 0.1 },
};
const { profile, parameters } = readParameters(profiles, "spike");
const { clients, speakers, join, stay, hands } = parameters;
for (const [name, most] of [
  ["clients", 20_000],
  ["speakers", Math.min(63, clients - 1)],
] as const) {
  const value = parameters[name];
  if (!Number.isInteger(value) || value > most) {
    throw new Error(`parameter ${name}: expected a whole number from 0 to ${most}, found ${value}`);
  }
}
for (const [name, most] of [
  ["join", 3600],
  ["stay", 3600],
  ["hands", 1],
] as const) {
  if (parameters[name] > most) {
    throw new Error(`parameter ${name}: expected at most ${most}, found ${parameters[name]}`);
  }
}

const url = __ENV["TARGET"] || "ws://127.0.0.1:7880/room";
const timeoutMs = 10_000;
/** From the start to the first join: k6 starts its VUs meanwhile. */
const leadSeconds = 2;

export const options: Options = {
  scenarios: {
    crowd: {
      executor: "per-vu-iterations",
      iterations: 1,
      vus: clients,
      maxDuration: `${leadSeconds + 2 * join + stay + 30}s`,
      gracefulStop: "5s",
      exec: "crowd",
    },
  },
  thresholds: {
    // k6 alone takes a threshold over nothing for met: so many connections there have to be.
    ws_sessions: [`count==${clients}`],
    session_ok: ["rate==1"],
    session_errors: ["count==0"],
    dropped_iterations: ["count==0"],
    signalling_join_ms: ["p(99)<1000"],
    signalling_answer_ms: ["p(99)<1000"],
  },
  summaryTrendStats: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "count"],
  setupTimeout: "60s",
  // Read by `soundcheck run` through `k6 inspect`.
  ext: { soundcheck: { scenario: "signalling-storm", profile, parameters, clients } },
};

type Crowd = { room: string };

export function setup(): Crowd {
  if (!canSign) {
    exec.test.abort("no secret to sign tokens with: set SOUNDCHECK_TOKEN_SECRET to the room server's");
  }
  const health = `${url.replace(/^ws/, "http").replace(/\/room$/, "")}/healthz`;
  if (http.get(health).status === 0) {
    exec.test.abort(
      `no room server at ${url}: start one with "soundcheck serve", or name it by -e TARGET=<url>`,
    );
  }
  return { room: (__ENV["RUN_ID"] || `storm-${Date.now()}`).slice(0, 64) };
}

/** The host comes first, then the stage, then everybody else; all leave in the order that they came in. */
export function crowd({ room }: Crowd): void {
  try {
    const index = exec.scenario.iterationInTest;
    const dueAtMs = exec.scenario.startTime + (leadSeconds + (join * index) / clients) * 1000;
    // Spread over the crowd, so that they are not just the first to have come.
    const raises = Math.floor((index + 1) * hands) > Math.floor(index * hands);
    const allInAtMs = exec.scenario.startTime + (leadSeconds + join) * 1000;
    sleep(Math.max(0, (dueAtMs - Date.now()) / 1000));
    visit({
      url,
      room,
      account: `client-${index}`,
      role: index === 0 ? "host" : index <= speakers ? "speaker" : "listener",
      dueAtMs,
      handAtMs: raises ? allInAtMs + (stay * 1000 * index) / clients : undefined,
      leaveAtMs: dueAtMs + (join + stay) * 1000,
      timeoutMs,
    });
  } catch (error) {
    // k6 goes on and exits with 0 after an exception in an iteration: it counts as a broken session.
    metrics.session_ok.add(false);
    metrics.session_errors.add(1);
    throw error;
  }
}

export { handleSummary };
