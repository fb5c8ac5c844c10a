import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCorpus } from "../../audio/corpus.ts";
import { Agent } from "../../fleet/agent.ts";
import { StageHost } from "../../fleet/stage-host.ts";
import { StageSounds } from "../../fleet/stage-sounds.ts";
import type { SentBatch } from "../../measure/sent-ledger.ts";
import { Listener } from "../../participant/listener.ts";
import { NodeDatachannelEngine } from "../../participant/node-datachannel-engine.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import type { Target } from "../../participant/target.ts";
import {
  agentReportSchema,
  progressSchema,
  runHandleSchema,
  type AgentMessage,
  type AgentReport,
  type HostReport,
  type Progress,
} from "../../protocol/fleet.ts";
import type { RunPlan } from "../../protocol/run-plan.ts";
import { startServer, testSecret } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import { toBase64Url } from "../../util/bytes.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { createRandom } from "../../util/random.ts";
import { corpusDirectory, planOf, Vu } from "./_fleet.ts";

let server: RoomServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

const planFor = (more: Partial<RunPlan>): RunPlan =>
  planOf({
    target: { kind: "soundcheck", url: server.url },
    conversation: { model: "everyone", seconds: 60 },
    ...more,
  });

describe("a room of a host, a speaker and three listeners", () => {
  let agent: Agent;
  let progress: Progress;
  let report: AgentReport;
  let stage: HostReport;
  let audience: HostReport;
  const vus: Vu[] = [];
  const finals: {
    sums: Vu["sums"];
    totals: { sent: number; expected: number; received: number; lost: number };
  }[] = [];

  beforeAll(async () => {
    agent = await Agent.create({
      listen: { host: "127.0.0.1", port: 0 },
      audienceHosts: 1,
      tokenSecret: testSecret,
      cacheDirectory: corpusDirectory,
    });
    const post = async (path: string, body?: unknown): Promise<unknown> =>
      (
        await fetch(`${agent.url}${path}`, {
          method: "POST",
          ...(body === undefined
            ? {}
            : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        })
      ).json();
    const run = runHandleSchema.parse(await post("/runs", planFor({ room: "whole", runId: "whole" })));
    // The speaker needs the host's key, so they join together.
    const speakers = await Promise.all([Vu.join(run, "stage", 0), Vu.join(run, "stage", 1)]);
    const listeners = await Promise.all([0, 1, 2].map((index) => Vu.join(run, "audience", index)));
    vus.push(...speakers, ...listeners);
    const leave = async (vu: Vu | undefined): Promise<void> => {
      if (vu === undefined) throw new Error("no such VU");
      const { totals } = await vu.leave();
      finals.push({ sums: vu.sums, totals });
    };
    await delay(1500);
    // One leaves early: the others are rekeyed and go on hearing.
    await leave(listeners[0]);
    await delay(2500);
    progress = progressSchema.parse(await (await fetch(`${agent.url}/runs/whole`)).json());
    await Promise.all(listeners.slice(1).map(leave));
    await Promise.all(speakers.map(leave));
    report = agentReportSchema.parse(await post("/runs/whole/end"));
    const [first, second] = report.hosts;
    if (first === undefined || second === undefined) throw new Error("a host did not report");
    [stage, audience] = [first, second];
  });
  afterAll(async () => {
    await agent.close();
  });

  test("tells its progress while it goes on", () => {
    expect(progress).toMatchObject({ stageJoined: 2, audienceJoined: 3, failed: 0, left: 1, failure: null });
    expect(progress.received).toBeGreaterThan(0);
  });

  test("loses nothing: what was expected was received", () => {
    const { expected, received, lost } = audience.packets;
    // Two speak without pause for two listeners of about four seconds and one of one and a half.
    expect(expected).toBeGreaterThan(500);
    expect({ received, lost }).toEqual({ received: expected, lost: 0 });
  });

  test("is encrypted: what is heard was decrypted, and nothing was refused but for want of a key yet", () => {
    expect(stage.sframe.encrypted).toBe(stage.packets.sent);
    expect(audience.sframe.decrypted).toBeGreaterThan(0);
    expect(Object.keys(audience.sframe.refused).filter((cause) => cause !== "unknown-key")).toEqual([]);
    expect(audience.sframe.decrypted + (audience.sframe.refused["unknown-key"] ?? 0)).toBe(
      audience.packets.received + audience.packets.edge,
    );
  });

  test("is rekeyed after a leave, and nobody who stays misses a frame for it", () => {
    expect(stage.sframe.rekeys).toBeGreaterThanOrEqual(1);
    // A welcome for the speaker and each listener, and fresh secrets.
    expect(stage.sframe.sealed).toBeGreaterThanOrEqual(4 + 3);
    // Only before the first key, of which each listener may miss a few frames of two speakers.
    expect(audience.packets.refused).toBeLessThan(50);
  });

  test("accounts for every packet received: heard, late, or refused", () => {
    const { received, refused, late } = audience.packets;
    expect((audience.histograms["mouth_to_ear"]?.n ?? 0) + late).toBe(received - refused);
    expect(audience.histograms["path_delay"]?.n).toBe(received - refused);
  });

  test("accounts to its VUs: digests add up to the final account", () => {
    expect(finals).toHaveLength(5);
    for (const { sums, totals } of finals) expect(sums).toEqual(totals);
    const sum = (key: "sent" | "expected" | "received" | "lost"): number =>
      finals.reduce((total, { totals }) => total + totals[key], 0);
    expect(sum("sent")).toBe(stage.packets.sent);
    expect(sum("expected")).toBe(audience.packets.expected);
    expect(sum("received")).toBe(audience.packets.received);
  });

  test("accounts second by second for the same packets", () => {
    const sum = (host: HostReport, key: "sent" | "expected" | "lost" | "late" | "joined" | "left"): number =>
      host.seconds.reduce((total, second) => total + second[key], 0);
    expect(sum(stage, "sent")).toBe(stage.packets.sent);
    expect(sum(audience, "expected")).toBe(audience.packets.expected);
    expect(sum(audience, "late")).toBe(audience.packets.late);
    expect([sum(stage, "joined"), sum(stage, "left")]).toEqual([2, 2]);
    expect([sum(audience, "joined"), sum(audience, "left")]).toEqual([3, 3]);
    expect(
      Math.min(...report.hosts.flatMap(({ seconds }) => seconds.map(({ second }) => second))),
    ).toBeGreaterThanOrEqual(0);
  });

  test("samples each expected packet's outcome at most once", () => {
    const samples = vus
      .slice(2)
      .flatMap(({ messages }) => messages)
      .reduce((total, message) => total + ("samples" in message ? message.samples.length : 0), 0);
    expect(samples).toBeGreaterThan(0);
    expect(samples).toBeLessThanOrEqual(audience.packets.expected);
  });

  test("has everybody complete, and told of their first sound once", () => {
    expect([stage.completed, audience.completed]).toEqual([2, 3]);
    expect(report.hosts.flatMap(({ failures }) => failures)).toEqual([]);
    expect(audience.histograms["first_sound"]?.n).toBe(3);
    const digests = vus.flatMap(({ messages }) =>
      messages.filter(({ type }) => type === "digest" || type === "final"),
    );
    expect(stage.digestsSent + audience.digestsSent).toBe(digests.length);
  });

  test("talked to nobody but the room server", () => {
    const { hostname, port } = new URL(server.url);
    for (const { address, protocol, port: to } of report.hosts.flatMap(({ destinations }) => destinations)) {
      expect(address).toBe(hostname);
      if (protocol === "tcp") expect(to).toBe(Number(port));
    }
  });
});

/** A stage in this process, and a listener for each way of reaching the server. */
async function stageIn(room: string, plan: RunPlan, onSent: (batches: SentBatch[]) => void) {
  const start = {
    type: "start" as const,
    name: "stage",
    kind: "stage" as const,
    plan,
    listenHost: "127.0.0.1",
    runStartMs: systemClock.now(),
    wallOffsetMs: measureWallOffsetMs(),
    tokenSecret: toBase64Url(testSecret),
    cacheDirectory: corpusDirectory,
  };
  const target = createSoundcheckTarget({ url: server.url, room, tokenSecret: testSecret });
  const corpus = await loadCorpus({ directory: corpusDirectory, bitrateBps: 32_000 });
  const sounds = new StageSounds(plan, { kind: "speech", corpus });
  const host = new StageHost({ start, target, sounds, clock: systemClock, onSent });
  const messages: AgentMessage[] = [];
  await Promise.all(
    Array.from({ length: 1 + plan.stage.speakers }, (_, index) =>
      host.seat(index, (message) => {
        messages.push(message);
      }),
    ),
  );
  expect(messages.filter(({ type }) => type === "failed")).toEqual([]);
  return { host, target };
}

test("without the sealed messages a listener gets every packet and hears none of them", async () => {
  const engines = ["with keys", "without"].map(
    (name) =>
      new NodeDatachannelEngine({
        runStartMs: systemClock.now(),
        lossHorizonMs: 500,
        sampleProbability: 1,
        suite: "AES_128_GCM_SHA256_128",
        bindAddress: "127.0.0.1",
        random: createRandom(name),
      }),
  );
  const [hearing, deaf] = engines;
  if (hearing === undefined || deaf === undefined) throw new Error("two engines");
  const { host, target } = await stageIn("withheld", planFor({ room: "withheld" }), (batches) => {
    for (const batch of batches) for (const engine of engines) engine.recordSent(batch);
  });
  const withheld: Target = {
    join: (options, events) => target.join(options, { ...events, sealed: () => undefined }),
  };
  const join = (index: number, engine: NodeDatachannelEngine, by: Target): Promise<Listener> =>
    Listener.join({
      index,
      accountId: `l${index}`,
      name: `l${index}`,
      target: by,
      engine,
      suite: "AES_128_GCM_SHA256_128",
      joinTimeoutMs: 5000,
      clock: systemClock,
      onBroken: () => undefined,
    });
  const listeners = await Promise.all([join(0, hearing, target), join(1, deaf, withheld)]);
  await expect.poll(() => hearing.mouthToEar.n, { timeout: 10_000 }).toBeGreaterThan(100);
  const [heard, unheard] = await Promise.all(listeners.map((listener) => listener.leave()));
  await host.end();

  expect(heard?.received).toBeGreaterThan(100);
  expect(unheard?.received).toBeGreaterThan(100);
  expect(unheard).toMatchObject({ lost: 0, late: 0, refused: unheard?.received });
  const report = deaf.report();
  expect(report.decrypted).toBe(0);
  expect(report.histograms.mouth_to_ear.n).toBe(0);
  expect(Object.keys(report.refused)).toEqual(["unknown-key"]);
  expect(hearing.report().decrypted).toBeGreaterThan(100);
  await Promise.all(engines.map((engine) => engine.close()));
});

test("the same seed makes the same people speak in the same frames, another seed does not", async () => {
  /** The frames that each speaker sent, in an order that the seed gives: that of their first RTP timestamps. */
  const talk = async (room: string, seed: string): Promise<number[][]> => {
    const byStream = new Map<string, number[]>();
    const plan = planFor({ room, seed, conversation: { model: "panel", seconds: 60 } });
    const { host } = await stageIn(room, plan, (batches) => {
      for (const { streamId, frames } of batches)
        byStream.set(streamId, [...(byStream.get(streamId) ?? []), ...frames]);
    });
    await expect.poll(() => host.progress().sent, { timeout: 10_000 }).toBeGreaterThan(120);
    await host.end();
    return [...byStream.values()].toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  };
  const [one, same, other] = await Promise.all([talk("one", "a"), talk("same", "a"), talk("other", "b")]);
  expect([one.length, same.length]).toEqual([2, 2]);
  let compared = 0;
  one.forEach((frames, speaker) => {
    const again = same[speaker] ?? [];
    // How many frames are missed at the start depends on how long the join took, and the end on when it was seen.
    const from = Math.max(frames[0] ?? 0, again[0] ?? 0);
    const to = Math.min(frames.at(-1) ?? 0, again.at(-1) ?? 0);
    const within = (all: number[]): number[] => all.filter((frame) => frame >= from && frame <= to);
    expect(within(again)).toEqual(within(frames));
    compared += within(frames).length;
  });
  expect(compared).toBeGreaterThan(60);
  expect(other.map(([first]) => first)).not.toEqual(one.map(([first]) => first));
});
