/**
 * Browser: real Chromium pages beside simulated listeners in one room. The host chirps once a second, so that what a
 * page plays tells how late it is; both hear the same stream, so that the model of the jitter buffer stands beside the
 * real one (docs/browser-listeners.md).
 */
import exec from "k6/execution";
import type { Options } from "k6/options";
import type { RunHandle } from "../sim/protocol/fleet.ts";
import { listen } from "./lib/browser-page.ts";
import { readParameters } from "./lib/parameters.ts";
import { agentUrl, joinTimeoutSeconds, roomOf, roomOfRun, stageLeadSeconds, targetUrl } from "./lib/room.ts";
import { handleSummary } from "./lib/summary.ts";
import { canSign } from "./lib/token.ts";

/** Times in seconds. */
const profiles = {
  smoke: { browsers: 1, listeners: 5, join: 1, talk: 15, bitrate: 32_000 },
  load: { browsers: 2, listeners: 20, join: 2, talk: 30, bitrate: 32_000 },
  soak: { browsers: 2, listeners: 20, join: 2, talk: 600, bitrate: 32_000 },
};
const { profile, parameters } = readParameters(profiles, "load");
const { browsers, ...size } = parameters;
if (!Number.isInteger(browsers) || browsers < 1 || browsers > 50) {
  throw new Error(`parameter browsers: expected a whole number from 1 to 50, found ${browsers}`);
}
if (__ENV["E2EE"] === "off") {
  throw new Error("browsers play nothing that is not encrypted end to end: leave encryption on");
}
/** Browsers start, and load the page, for so long before anybody else comes: a start takes all the CPU that there is. */
const startSeconds = 6;
/** How long one of them may take over a step, beyond the time of a join. */
const patienceSeconds = 10;

const room = roomOf({
  name: "browser",
  profile,
  browsers,
  parameters: { ...size, speakers: 0, leavers: 0, churn: 0, stageChurn: 0, conversation: "chirp" },
  thresholds: {
    session_ok: ["rate==1"],
    session_errors: ["count==0"],
    join_ms: ["p(95)<2000"],
    mouth_to_ear_ms: ["p(95)<200"],
    lost: ["rate<0.005"],
    packets_received: ["count>0"],
    browser_ok: ["rate==1"],
    browser_join_ms: ["p(95)<5000"],
    // ITU-T G.114: past 400 ms a conversation breaks down.
    browser_mouth_to_ear_ms: ["p(95)<400"],
    browser_playout_delay_ms: ["p(95)<200"],
    browser_concealed: ["avg<0.02"],
    browser_energy: ["med>0"],
    // k6 alone takes a threshold over nothing for met: chirps there have to be.
    browser_chirps: ["count>0"],
  },
});
const leavesSeconds = startSeconds + room.audienceLeavesSeconds;
const others = Object.entries(room.options.scenarios ?? {}).map(([name, scenario]) => [
  name,
  { ...scenario, startTime: `${startSeconds}s` },
]);

export const options: Options = {
  ...room.options,
  scenarios: {
    ...Object.fromEntries(others),
    browsers: {
      executor: "per-vu-iterations",
      iterations: 1,
      vus: browsers,
      maxDuration: `${leavesSeconds + 3 * patienceSeconds}s`,
      gracefulStop: "5s",
      exec: "browsers",
      options: { browser: { type: "chromium" } },
    },
  },
  // Read by `soundcheck run` through `k6 inspect`.
  ext: { soundcheck: { scenario: "browser", profile, parameters, browsers } },
};

export function setup(): RunHandle {
  if (!canSign) {
    exec.test.abort("no secret to sign tokens with: set SOUNDCHECK_TOKEN_SECRET to the room server's");
  }
  return room.setup();
}

async function browsersListen({ runId }: RunHandle): Promise<void> {
  await listen({
    progressUrl: `${agentUrl()}/runs/${runId}`,
    target: targetUrl(),
    room: roomOfRun(runId),
    index: exec.scenario.iterationInTest,
    joinAtMs: exec.scenario.startTime + (startSeconds + stageLeadSeconds) * 1000,
    leaveAtMs: exec.scenario.startTime + leavesSeconds * 1000,
    timeoutMs: (patienceSeconds + joinTimeoutSeconds) * 1000,
  });
}

export const { teardown, stage, audience } = room;
export { browsersListen as browsers, handleSummary };
