/** A VU is one real browser: it comes into the room by the server's own page, listens, and says what it heard. */
import { browser, type Page } from "k6/browser";
import http from "k6/http";
import { Trend } from "k6/metrics";
import type { ChirpSchedule, Progress } from "../../sim/protocol/fleet.ts";
import type { MediaStats } from "../../sim/web/stats.ts";
import type { Heard, Joining } from "../../sim/web/surface.ts";
import { HeardChirps } from "./chirps.ts";
import { metrics } from "./metrics.ts";
import { tokenFor } from "./token.ts";

/** How far off each heard instant may be, and the page's own way from graph to output: not the room's doing. */
const uncertainty = new Trend("browser_uncertainty_ms", true);
const output = new Trend("browser_output_ms", true);
/** Chirps said while a browser listened: what it could have heard. */
const due = new Trend("browser_chirps_due");
const heardOfDue = new Trend("browser_chirps_heard");

/** k6's own log, which its types leave out. */
declare const console: { error(line: string): void };

export type Listening = {
  /** HTTP address of the run at its agent, which knows when the chirps are. */
  progressUrl: string;
  /** WebSocket address of the room server, which serves the page too. */
  target: string;
  room: string;
  index: number;
  /** In milliseconds since 1970, both. The page is loaded before, and Join is pressed then. */
  joinAtMs: number;
  leaveAtMs: number;
  /** How long a join may take, and the wait for the first sound, in ms. */
  timeoutMs: number;
};

/** How often the page is asked. */
const periodMs = 1000;
const pollMs = 100;
/** A chirp that was said so long ago has been heard by now, or never will be. */
const longestDelayMs = 1000;

/** Joins, listens until it is time, leaves; never rejects: what went wrong is logged, and the browser is not in order. */
export async function listen(listening: Listening): Promise<void> {
  let ok = false;
  try {
    const page = await browser.newPage();
    try {
      await join(page, listening);
      await hear(page, listening);
      await leave(page, listening);
      ok = true;
    } finally {
      await page.close();
    }
  } catch (error) {
    // oxlint-disable-next-line no-console -- the one way to tell `soundcheck run`, and whoever runs plain k6, why
    console.error(`browser ${listening.index}: ${String(error)}`);
  }
  metrics.browser_ok.add(ok);
}

async function join(page: Page, { target, room, index, joinAtMs, timeoutMs }: Listening): Promise<void> {
  const account = `browser-${index}`;
  const origin = target.replace(/^ws/, "http").replace(/\/room$/, "");
  await page.goto(`${origin}/#token=${tokenFor({ sub: account, room, role: "listener" })}`);
  await page.waitForTimeout(Math.max(1, joinAtMs - Date.now()));
  await page.locator("button.primary").click();
  await until(page, timeoutMs, "it did not get into the room", async () => {
    const { kind, problem } = await ask<{ kind: string; problem?: string | null }>(page, "state().phase");
    if (kind === "entry" && problem) throw new Error(`it did not get into the room: ${problem}`);
    return kind === "room";
  });
  let joining: Joining = { begunAtUnixMs: null, connectedAtUnixMs: null };
  await until(page, timeoutMs, "its media did not connect", async () => {
    joining = await ask<Joining>(page, "joining()");
    return joining.connectedAtUnixMs !== null;
  });
  metrics.browser_join_ms.add((joining.connectedAtUnixMs ?? 0) - (joining.begunAtUnixMs ?? 0));
}

async function hear(page: Page, { progressUrl, leaveAtMs, timeoutMs }: Listening): Promise<void> {
  let schedule: ChirpSchedule | null = null;
  await until(page, timeoutMs, "nobody chirps", () => {
    schedule = (http.get(progressUrl).json() as unknown as Progress).chirps;
    return Promise.resolve(schedule !== null);
  });
  const chirps = new HeardChirps(schedule as unknown as ChirpSchedule);
  await ask(page, "listen()");
  let before: MediaStats["receiving"] | undefined;
  await until(page, timeoutMs, "it heard nothing", async () => {
    before = (await ask<MediaStats>(page, "stats()")).receiving;
    return before.totalAudioEnergy > 0;
  });
  const fromMs = Date.now();
  while (Date.now() < leaveAtMs) {
    await page.waitForTimeout(Math.max(1, Math.min(periodMs, leaveAtMs - Date.now())));
    const after = (await ask<MediaStats>(page, "stats()")).receiving;
    if (before !== undefined) recordSecond(before, after);
    before = after;
    recordHeard(await ask<Heard>(page, "heard()"), chirps);
  }
  const account = chirps.between(fromMs, Date.now() - longestDelayMs);
  due.add(account.due);
  heardOfDue.add(account.heard);
}

function recordSecond(before: MediaStats["receiving"], after: MediaStats["receiving"]): void {
  const since = (key: keyof MediaStats["receiving"]): number => after[key] - before[key];
  const emitted = since("jitterBufferEmittedCount");
  const samples = since("totalSamplesReceived");
  const seconds = since("totalSamplesSeconds");
  if (emitted > 0) metrics.browser_playout_delay_ms.add((1000 * since("jitterBufferDelaySeconds")) / emitted);
  if (samples > 0) metrics.browser_concealed.add(Math.max(0, since("concealedSamples")) / samples);
  if (seconds > 0) metrics.browser_energy.add(since("totalAudioEnergy") / seconds);
}

function recordHeard(heard: Heard, chirps: HeardChirps): void {
  for (const { atUnixMs, uncertaintyMs } of heard.chirps) {
    const delayMs = chirps.delayMs(atUnixMs);
    if (delayMs === undefined) continue;
    metrics.browser_mouth_to_ear_ms.add(delayMs);
    metrics.browser_chirps.add(1);
    uncertainty.add(uncertaintyMs);
    output.add(heard.outputMs);
  }
}

async function leave(page: Page, { timeoutMs }: Listening): Promise<void> {
  await page.locator("button.leave").click();
  await until(page, timeoutMs, "it was not let go", async () => {
    const { kind, reason } = await ask<{ kind: string; reason?: string }>(page, "state().phase");
    if (kind === "over" && reason !== "left") throw new Error(`its stay ended otherwise: ${reason}`);
    return kind === "over";
  });
}

/** What `window.soundcheck` answers (sim/web/debug-surface.ts); k6 takes a string for the text of a function. */
function ask<Answer>(page: Page, what: string): Promise<Answer> {
  return page.evaluate<Answer, undefined>(`() => window.soundcheck.${what}`);
}

async function until(
  page: Page,
  timeoutMs: number,
  otherwise: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error(`${otherwise} within ${timeoutMs / 1000} s`);
    await page.waitForTimeout(pollMs);
  }
}
