/** A room of a given size on the real server and agent, for a bench: who joins it, and what its processes take. */
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import {
  agentMessageSchema,
  agentReportSchema,
  progressSchema,
  runHandleSchema,
  type HostKind,
  type RunHandle,
} from "../protocol/fleet.ts";
import type { cipherSuiteNames, RunPlan } from "../protocol/run-plan.ts";
import { mergeReports, type Merged } from "../run/merge.ts";
import { childrenOf, usageOf } from "../run/process-usage.ts";
import { ManagedProcess, startService } from "../run/processes.ts";
import { toBase64Url } from "../util/bytes.ts";
import { SetupError } from "../util/errors.ts";
import type { BareJoined, BareOptions } from "./bare-listeners-main.ts";

type CipherSuiteName = (typeof cipherSuiteNames)[number];

export type RoomSize = {
  listeners: number;
  speakers: number;
  /** Null: without encryption. */
  suite: CipherSuiteName | null;
  seed: string;
  /** Listeners that drop every packet as soon as JavaScript has it: what node-datachannel alone costs. */
  bare: boolean;
};

/** Everybody on the stage without a pause, or nobody at all. */
export type Talk = "everyone" | "silent";

export const processKinds = ["audience", "server", "worker", "stage"] as const;
export type ProcessKind = (typeof processKinds)[number];
export type Usage = Record<ProcessKind, { cpuSeconds: number; rssBytes: number }>;

const cli = join(import.meta.dirname, "..", "cli", "main.ts");
/** Participants that join at the same time. */
const joinsAtOnce = 32;
/** Of a speaker who never pauses. */
const packetsPerSecond = 50;
export const liveRoomBitrateBps = 32_000;

/** Whoever listens in the room, and how it is asked. */
type Audience = {
  pid: number;
  /** Seats everybody; joins a second. */
  join(): Promise<number>;
  /** Packets so far that the stage sent, and that were due at the audience. */
  packets(): Promise<{ sent: number; expected: number }>;
  leave(): Promise<void>;
};

/** Whom a bench finds in its room. */
export type LiveRoom = {
  audience: Audience;
  /** Seats the stage. */
  joinStage(): Promise<void>;
  read(): Usage;
  /** Everybody leaves; what the agent has to say of the run. */
  end(): Promise<Merged>;
};

/** Starts the processes, lends the room to `use`, and leaves no process behind. */
export async function withLiveRoom<Result>(
  size: RoomSize,
  talk: Talk,
  use: (room: LiveRoom) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const logs = mkdtempSync(join(tmpdir(), "soundcheck-bench-"));
  const tokenSecret = toBase64Url(randomBytes(32));
  const env = { ...process.env, SOUNDCHECK_TOKEN_SECRET: tokenSecret };
  const running: ManagedProcess[] = [];
  const start = async (name: "server" | "agent", command: string): Promise<{ pid: number; url: string }> => {
    const { process: started, ready } = await startService({
      name,
      cli,
      args: [command, "--port", "0"],
      env,
      log: join(logs, `${name}.log`),
      ...(signal === undefined ? {} : { signal }),
    });
    running.push(started);
    return { pid: started.pid, url: ready.url };
  };
  try {
    const server = await start("server", "serve");
    const agent = await start("agent", "agent");
    const plan = planFor(size, talk, server.url);
    const handle = runHandleSchema.parse(await post(`${agent.url}/runs`, plan));
    const [stagePid, audiencePid] = childrenOf(agent.pid);
    const [workerPid] = childrenOf(server.pid);
    if (stagePid === undefined || audiencePid === undefined || workerPid === undefined) {
      throw new SetupError("no-proc", "CPU time by process is read from Linux's /proc, which is not here");
    }
    const audience = size.bare
      ? bareAudience(size, running, {
          url: server.url,
          room: plan.room,
          tokenSecret,
          log: join(logs, "bare.log"),
        })
      : fleetAudience(size, handle, audiencePid, `${agent.url}/runs/${plan.runId}`);
    let speakers: Vu[] = [];
    return await use({
      audience,
      joinStage: async () => {
        speakers = await joinAll(handle, "stage", size.speakers);
      },
      read: () => ({
        audience: usage(audience.pid),
        server: usage(server.pid),
        worker: usage(workerPid),
        stage: usage(stagePid),
      }),
      end: async () => {
        await audience.leave();
        await Promise.all(speakers.map((vu) => vu.leave()));
        return mergeReports(agentReportSchema.parse(await post(`${agent.url}/runs/${plan.runId}/end`, null)));
      },
    });
  } finally {
    for (const started of running.toReversed()) await started.stop();
    rmSync(logs, { recursive: true, force: true });
  }
}

/** The agent's own listeners: every packet decrypted, observed, accounted for. */
function fleetAudience(size: RoomSize, handle: RunHandle, pid: number, runUrl: string): Audience {
  let vus: Vu[] = [];
  return {
    pid,
    join: async () => {
      const startMs = performance.now();
      vus = await joinAll(handle, "audience", size.listeners);
      return (size.listeners * 1000) / (performance.now() - startMs);
    },
    // Whose fate is known; it lags by the loss horizon, before as after.
    packets: async () => {
      const { sent, expected } = progressSchema.parse(await (await fetch(runUrl)).json());
      return { sent, expected };
    },
    leave: async () => {
      await Promise.all(vus.map((vu) => vu.leave()));
    },
  };
}

function bareAudience(
  { listeners, speakers }: RoomSize,
  running: ManagedProcess[],
  { log, ...room }: { url: string; room: string; tokenSecret: string; log: string },
): Audience {
  const child = fork(join(import.meta.dirname, "bare-listeners-main.ts"), {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const managed = new ManagedProcess("bare", child, log);
  running.push(managed);
  const startMs = performance.now();
  return {
    pid: managed.pid,
    join: () =>
      new Promise((resolve) => {
        child.once("message", ({ joinsPerSecond }: BareJoined) => {
          resolve(joinsPerSecond);
        });
        child.send({ ...room, listeners, atOnce: joinsAtOnce } satisfies BareOptions);
      }),
    packets: () => {
      const sent = ((performance.now() - startMs) / 1000) * packetsPerSecond * speakers;
      return Promise.resolve({ sent, expected: sent * listeners });
    },
    leave: () => managed.stop(),
  };
}

function planFor({ listeners, speakers, suite, seed }: RoomSize, talk: Talk, url: string): RunPlan {
  return {
    runId: `bench-${listeners}x${speakers}-${randomBytes(4).toString("hex")}`,
    scenario: "bench",
    profile: "bench",
    seed,
    target: { kind: "soundcheck", url },
    room: "bench",
    stage: { speakers: speakers - 1 },
    audience: { listeners },
    conversation: { model: talk, seconds: 600 },
    audio: { bitrateBps: liveRoomBitrateBps },
    e2ee: {
      enabled: suite !== null,
      suite: suite ?? "AES_128_GCM_SHA256_128",
      rekeyWindowSeconds: 5,
    },
    joinTimeoutSeconds: 30,
    lossHorizonSeconds: 1,
    samplesPerSecond: 500,
  };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    ...(body === null ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return await response.json();
}

function usage(pid: number): { cpuSeconds: number; rssBytes: number } {
  const found = usageOf(pid);
  if (found === undefined) throw new Error(`process ${pid} is gone`);
  return found;
}

type Vu = { leave(): Promise<void> };

async function joinAll(handle: RunHandle, kind: HostKind, count: number): Promise<Vu[]> {
  const vus: Vu[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) vus.push(await joinOne(handle, kind, index));
  };
  await Promise.all(Array.from({ length: Math.min(joinsAtOnce, count) }, worker));
  return vus;
}

function joinOne(handle: RunHandle, kind: HostKind, index: number): Promise<Vu> {
  const socket = new WebSocket(handle.hosts[kind][0] as string, { perMessageDeflate: false });
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => {
      socket.send(JSON.stringify({ type: "hello", version: 1, runId: handle.runId, kind, index }));
    });
    socket.on("message", (data: Buffer) => {
      const message = agentMessageSchema.parse(JSON.parse(data.toString()));
      if (message.type === "failed") reject(new Error(`${kind} ${index}: ${message.message}`));
      if (message.type === "joined") {
        resolve({
          leave: () => {
            socket.send(JSON.stringify({ type: "leave" }));
            return closed;
          },
        });
      }
    });
  });
}
