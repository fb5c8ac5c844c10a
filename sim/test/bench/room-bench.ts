/** One room of a given size on the real server and agent, measured from outside while it talks. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import {
  agentMessageSchema,
  agentReportSchema,
  runHandleSchema,
  type HostKind,
  type RunHandle,
} from "../../protocol/fleet.ts";
import type { RunPlan } from "../../protocol/run-plan.ts";
import { mergeReports } from "../../run/merge.ts";
import { childrenOf, usageOf } from "../../run/process-usage.ts";
import { startService, type ManagedProcess } from "../../run/processes.ts";
import { toBase64Url } from "../../util/bytes.ts";

export type RoomSize = { listeners: number; speakers: number; encrypted: boolean };

export type RoomFigures = RoomSize & {
  joinsPerSecond: number;
  packetsPerSecond: number;
  /** CPU time a forwarded packet, in µs, while everybody is there and talks. */
  workerMicroseconds: number;
  /** CPU time a received packet, in µs, of the listeners' process. */
  audienceMicroseconds: number;
  /** Of which decrypting, by timing a sample of frames, in µs; null without encryption. */
  decryptMicroseconds: number | null;
  /** Resident memory a listener, in KiB: listeners' process, worker and server. */
  memoryKiB: { audience: number; worker: number; server: number };
  expected: number;
  lost: number;
  late: number;
  lateSendP99Ms: number | null;
  eventLoopP99Ms: number | null;
  pathP50Ms: number | null;
  pathP99Ms: number | null;
};

const cli = join(import.meta.dirname, "..", "..", "cli", "main.ts");
const settleMs = 3000;
/** VUs that join at the same time. */
const joinsAtOnce = 32;

export async function benchRoom(size: RoomSize, talkMs: number): Promise<RoomFigures> {
  const logs = mkdtempSync(join(tmpdir(), "soundcheck-bench-"));
  const env = { ...process.env, SOUNDCHECK_TOKEN_SECRET: toBase64Url(randomBytes(32)) };
  const running: ManagedProcess[] = [];
  try {
    const server = await startService({
      name: "server",
      cli,
      args: ["serve", "--port", "0"],
      env,
      log: join(logs, "server.log"),
    });
    running.push(server.process);
    const agent = await startService({
      name: "agent",
      cli,
      args: ["agent", "--port", "0"],
      env,
      log: join(logs, "agent.log"),
    });
    running.push(agent.process);
    const plan = planFor(size, server.ready.url);
    const handle = runHandleSchema.parse(await post(`${agent.ready.url}/runs`, plan));
    const [stagePid, audiencePid] = childrenOf(agent.process.pid);
    const [workerPid] = childrenOf(server.process.pid);
    if (stagePid === undefined || audiencePid === undefined || workerPid === undefined) {
      throw new Error("the bench needs Linux's /proc to find the processes");
    }
    const read = () => ({
      worker: usage(workerPid),
      audience: usage(audiencePid),
      server: usage(server.process.pid),
    });

    const speakers = await joinAll(handle, "stage", size.speakers);
    const empty = read();
    const joinStartMs = performance.now();
    const listeners = await joinAll(handle, "audience", size.listeners);
    const joinSeconds = (performance.now() - joinStartMs) / 1000;
    await delay(settleMs);
    const [before, expectedBefore] = [read(), await expectedSoFar(agent.ready.url, plan.runId)];
    await delay(talkMs);
    const [after, expectedAfter] = [read(), await expectedSoFar(agent.ready.url, plan.runId)];
    await Promise.all(listeners.map((vu) => vu.leave()));
    await Promise.all(speakers.map((vu) => vu.leave()));
    const merged = mergeReports(
      agentReportSchema.parse(await post(`${agent.ready.url}/runs/${plan.runId}/end`, null)),
    );

    const packets = expectedAfter - expectedBefore;
    const microseconds = (kind: "worker" | "audience"): number =>
      ((after[kind].cpuSeconds - before[kind].cpuSeconds) * 1e6) / packets;
    const kib = (kind: "worker" | "audience" | "server"): number =>
      (after[kind].rssBytes - empty[kind].rssBytes) / 1024 / size.listeners;
    const { histograms } = merged;
    const ms = (seconds: number | null | undefined): number | null =>
      seconds == null ? null : seconds * 1000;
    return {
      ...size,
      joinsPerSecond: size.listeners / joinSeconds,
      packetsPerSecond: (packets * 1000) / talkMs,
      workerMicroseconds: microseconds("worker"),
      audienceMicroseconds: microseconds("audience"),
      decryptMicroseconds: size.encrypted ? (histograms.sframe_decrypt?.mean ?? NaN) * 1e6 : null,
      memoryKiB: { audience: kib("audience"), worker: kib("worker"), server: kib("server") },
      expected: merged.packets.expected,
      lost: merged.packets.lost,
      late: merged.packets.late,
      lateSendP99Ms: ms(histograms.late_send?.quantile(0.99)),
      eventLoopP99Ms: ms(histograms.event_loop_delay?.quantile(0.99)),
      pathP50Ms: ms(histograms.path_delay?.quantile(0.5)),
      pathP99Ms: ms(histograms.path_delay?.quantile(0.99)),
    };
  } finally {
    for (const process of running.toReversed()) await process.stop();
    rmSync(logs, { recursive: true, force: true });
  }
}

function planFor({ listeners, speakers, encrypted }: RoomSize, url: string): RunPlan {
  return {
    runId: `bench-${listeners}x${speakers}-${Date.now()}`,
    scenario: "bench",
    profile: "bench",
    seed: "1",
    target: { kind: "soundcheck", url },
    room: "bench",
    stage: { speakers: speakers - 1 },
    audience: { listeners },
    conversation: { model: "everyone", seconds: 600 },
    audio: { bitrateBps: 32_000 },
    e2ee: { enabled: encrypted, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 5 },
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

/** Packets whose fate is known; it lags by the loss horizon, before as after. */
async function expectedSoFar(agentUrl: string, runId: string): Promise<number> {
  // The agent hears of it twice a second, and it moves once a second.
  const response = await fetch(`${agentUrl}/runs/${runId}`);
  const { expected } = (await response.json()) as { expected: number };
  return expected;
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
