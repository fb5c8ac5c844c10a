import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Destination, Progress } from "../protocol/fleet.ts";
import type { Result } from "../protocol/result.ts";
import type { SystemFailure } from "../verdict/facts.ts";
import { summaryTrendStats } from "../verdict/threshold.ts";
import { measureWallOffsetMs, systemClock } from "../util/clock.ts";
import { toBase64Url } from "../util/bytes.ts";
import { InterruptedError } from "../util/errors.ts";
import { AgentClient } from "./agent-client.ts";
import { assembleResult, type Observed } from "./assemble.ts";
import { findBrowser } from "./chromium.ts";
import { describeEnvironment, findTools, type Tools } from "./environment.ts";
import {
  browserComplaints,
  complaintsByCause,
  k6Environment,
  lastComplaint,
  lastException,
  readSummary,
  type ScenarioSettings,
} from "./k6.ts";
import { startProgram, startService, type ManagedProcess } from "./processes.ts";
import { UsageSampler } from "./process-usage.ts";
import { whyUnreachable } from "./reach.ts";
import { createRunDirectory, runIdOf, writeReports } from "./run-directory.ts";
import { findScenario, inspectScenario, type Scenario } from "./scenario.ts";
import { howEnded, watch } from "./watch.ts";

export type RunOptions = {
  /** The repository, or wherever scenarios/ and node_modules/ are. */
  root: string;
  /** The command of ours that `serve` and `agent` are started by. */
  cli: string;
  scenario: string;
  profile: string | undefined;
  /** name=value */
  set: string[];
  seed: string;
  e2ee: boolean;
  /** WebSocket address of a room server that runs elsewhere; undefined: one is started. */
  target: string | undefined;
  /** HS256 secret of that server's tokens; undefined: a fresh one, for our own server. */
  tokenSecret: Uint8Array | undefined;
  /** Where run directories go. */
  out: string;
  /** As it was asked, for the report. */
  command: string;
  /** Aborts the run: what was measured is kept. */
  signal: AbortSignal;
  onPhase(text: string): void;
  onProgress(progress: Progress): void;
};

export type RunOutcome = { result: Result; directory: string; interrupted: boolean };

/** k6 stops its VUs and writes its summary within this, once told. */
const k6StopMs = 15_000;
/** After a death of the system: for participants to notice, and to be counted. */
const afterDeathMs = 3000;

/**
 * One run, from nothing to its result: starts what is missing, lets k6 drive, collects, judges. Leaves no process
 * behind. Throws an InterruptedError, and leaves no directory either, when it is aborted before k6 drives.
 */
export async function runScenario(options: RunOptions): Promise<RunOutcome> {
  const tools = findTools(options.root, options.target === undefined);
  const runId = runIdOf(options.scenario.replace(/^.*\//, "").replace(/\.ts$/, ""), wallNow());
  const directory = join(options.out, runId);
  const summaryFile = join(directory, "k6.json");
  const settings: ScenarioSettings = {
    profile: options.profile,
    set: options.set,
    seed: options.seed,
    e2ee: options.e2ee,
    runId,
    target: options.target ?? "ws://127.0.0.1:1/room",
    agent: "http://127.0.0.1:1",
    tokenSecret: undefined,
    summaryFile,
  };
  // Whatever is wrong with what was asked is found here, before anything is started.
  const scenario = await inspectScenario({
    k6: tools.k6,
    path: findScenario(options.root, options.scenario),
    env: k6Environment(settings),
  }).catch((error: unknown) => {
    // A terminal's Ctrl-C ends k6 too.
    throw options.signal.aborted ? new InterruptedError() : error;
  });
  if (scenario.browsers > 0) settings.chromium = findBrowser(options.root, options.target === undefined);
  createRunDirectory(directory);
  const running: ManagedProcess[] = [];
  try {
    const { result, interrupted } = await drive({ options, tools, scenario, settings, directory, running });
    writeReports(directory, result);
    return { result, directory, interrupted };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  } finally {
    for (const process of running.toReversed()) await process.stop();
  }
}

async function drive(context: {
  options: RunOptions;
  tools: Tools;
  scenario: Scenario;
  settings: ScenarioSettings;
  directory: string;
  running: ManagedProcess[];
}): Promise<{ result: Result; interrupted: boolean }> {
  const { options, tools, scenario, settings, directory, running } = context;
  const tokenSecret = toBase64Url(options.tokenSecret ?? randomBytes(32));
  const env = { ...process.env, SOUNDCHECK_TOKEN_SECRET: tokenSecret };
  const log = (name: string): string => join(directory, `${name}.log`);
  const usage = new UsageSampler();
  const destinations: Destination[] = [];
  const about = {
    runId: settings.runId,
    seed: options.seed,
    scenario,
    environment: describeEnvironment({
      root: options.root,
      k6Version: tools.k6Version,
      ownServer: options.target === undefined,
      scenarioHash: scenario.hash,
      command: options.command,
    }),
  };

  if (options.target !== undefined) {
    options.onPhase("looking for the room server");
    const detail = await whyUnreachable(options.target);
    if (detail !== undefined) {
      usage.stop();
      const systemFailure: SystemFailure = { kind: "unreachable", address: options.target, detail };
      return { result: assembleResult({ ...about, ...neverDriven(), systemFailure }), interrupted: false };
    }
  }
  let server: ManagedProcess | undefined;
  let target = options.target;
  if (target === undefined) {
    options.onPhase("starting the room server");
    const started = await startService({
      name: "server",
      cli: options.cli,
      args: ["serve", "--port", "0"],
      env,
      log: log("server"),
      signal: options.signal,
    });
    server = started.process;
    running.push(server);
    target = started.ready.url;
    usage.watch("server", server.pid, (index) => `worker-${index}`);
  }
  let agent: ManagedProcess | undefined;
  let agentUrl: string | undefined;
  if (scenario.clients === null) {
    options.onPhase("starting the fleet agent");
    const started = await startService({
      name: "agent",
      cli: options.cli,
      args: ["agent", "--port", "0"],
      env,
      log: log("agent"),
      signal: options.signal,
    });
    agent = started.process;
    agentUrl = started.ready.url;
    running.push(agent);
    usage.watch("agent", agent.pid);
    destinations.push(destination("run", agentUrl, "control"), destination("k6", agentUrl, "control"));
    if (scenario.browsers > 0)
      destinations.push(destination("chromium", target, "signalling", scenario.browsers));
  } else {
    destinations.push(destination("k6", target, "signalling", scenario.clients));
  }
  const client = agentUrl === undefined ? undefined : new AgentClient(agentUrl);

  if (options.signal.aborted) throw new InterruptedError();
  options.onPhase(`driving ${scenario.name} (profile ${scenario.profile}) by k6`);
  const startedAtMs = wallNow();
  const k6 = startProgram("k6", tools.k6, k6Arguments(scenario), {
    cwd: options.root,
    log: log("k6"),
    env: k6Environment({
      ...settings,
      target,
      agent: agentUrl,
      tokenSecret: scenario.clients === null && scenario.browsers === 0 ? undefined : tokenSecret,
    }),
  });
  running.push(k6);
  usage.watch("k6", k6.pid);

  const { signal, onProgress } = options;
  const watched = await watch({ signal, onProgress, client, runId: settings.runId, k6, server, agent });
  usage.stop();
  if (watched.systemFailure !== null && !options.signal.aborted) await delay(afterDeathMs);
  options.onPhase(options.signal.aborted ? "interrupted: collecting what was measured" : "collecting");
  const report = await client?.end(settings.runId);
  if (!k6.hasEnded) {
    k6.signal("SIGINT");
    await Promise.race([k6.ended, delay(k6StopMs, undefined, { ref: false })]);
  }
  const k6Ended = k6.hasEnded ? await k6.ended : { code: null };
  const agentDeath = agent?.hasEnded === true ? howEnded(await agent.ended) : null;
  const interrupted = options.signal.aborted;
  const result = assembleResult({
    ...about,
    startedAtMs: report?.startedAtMs ?? startedAtMs,
    durationSeconds: (wallNow() - startedAtMs) / 1000,
    report,
    plan: report?.plan ?? watched.last?.plan,
    expectedHosts: watched.last === undefined && report === undefined ? [] : ["stage", "audience-0"],
    k6: {
      exitCode: k6Ended.code,
      detail: lastComplaint(k6.tail),
      complaints: complaintsByCause(k6.tail),
      browserComplaints: browserComplaints(k6.tail),
      exception: lastException(k6.tail),
      metrics: readSummary(settings.summaryFile),
    },
    systemFailure: watched.systemFailure,
    agentDeath,
    interrupted,
    machineBusyRatio: usage.machineBusyRatio,
    processes: usage.usages(),
    destinations,
  });
  return { result, interrupted };
}

/** What is known of a run that ended before k6 drove it. */
function neverDriven(): Omit<Observed, "runId" | "seed" | "scenario" | "environment" | "systemFailure"> {
  return {
    startedAtMs: wallNow(),
    durationSeconds: 0,
    report: undefined,
    plan: undefined,
    expectedHosts: [],
    k6: {
      exitCode: null,
      detail: "",
      complaints: {},
      browserComplaints: [],
      exception: null,
      metrics: undefined,
    },
    agentDeath: null,
    interrupted: false,
    machineBusyRatio: null,
    processes: [],
    destinations: [],
  };
}

function k6Arguments(scenario: Scenario): string[] {
  const trendStats = [...new Set([...summaryTrendStats(scenario.thresholds), "p(99.9)"])].join(",");
  // The address is that of k6's own REST API, which nobody asks.
  return [
    "run",
    "--quiet",
    "--no-color",
    "--include-system-env-vars",
    "--address",
    "",
    "--summary-trend-stats",
    trendStats,
    scenario.path,
  ];
}

function destination(
  process: string,
  url: string,
  purpose: "control" | "signalling",
  connections = 1,
): Destination {
  const { hostname, port, protocol } = new URL(url);
  const usual = /^(?:https|wss):$/.test(protocol) ? 443 : 80;
  return { address: hostname, port: Number(port || usual), protocol: "tcp", purpose, process, connections };
}

/** Milliseconds since 1970. */
function wallNow(): number {
  return systemClock.now() + measureWallOffsetMs();
}

/** Sorts by time, and names its scenario. */
