import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadCorpus, type Corpus } from "../../audio/corpus.ts";
import { AudienceHost } from "../../fleet/audience-host.ts";
import { StageHost } from "../../fleet/stage-host.ts";
import { StageSounds } from "../../fleet/stage-sounds.ts";
import type { Seat } from "../../fleet/vu-server.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import type { AgentMessage, HostReport } from "../../protocol/fleet.ts";
import { startServer, testSecret } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import { toBase64Url } from "../../util/bytes.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { corpusDirectory, planOf } from "./_fleet.ts";

let corpus: Corpus;
let rooms = 0;

beforeAll(async () => {
  corpus = await loadCorpus({ directory: corpusDirectory, bitrateBps: 32_000 });
});

/** Both kinds of host in this process, the stage's account going straight to the audience. */
function hostsAt(server: { url: string }, room = `room-${rooms++}`) {
  const plan = planOf({
    target: { kind: "soundcheck", url: server.url },
    room,
    conversation: { model: "everyone", seconds: 60 },
    joinTimeoutSeconds: 3,
    lossHorizonSeconds: 0.3,
  });
  const common = {
    type: "start" as const,
    plan,
    listenHost: "127.0.0.1",
    runStartMs: systemClock.now(),
    wallOffsetMs: measureWallOffsetMs(),
    tokenSecret: toBase64Url(testSecret),
    cacheDirectory: corpusDirectory,
  };
  const target = createSoundcheckTarget({ url: server.url, room, tokenSecret: testSecret });
  const audience = new AudienceHost({
    start: { ...common, name: "audience-0", kind: "audience" },
    target,
    clock: systemClock,
  });
  const stage = new StageHost({
    start: { ...common, name: "stage", kind: "stage" },
    target,
    clock: systemClock,
    sounds: new StageSounds(plan, { kind: "speech", corpus }),
    onSent: (batches) => {
      audience.recordSent(batches);
    },
  });
  return { stage, audience };
}

type Seated = Seat & { messages: AgentMessage[] };

async function seat(host: StageHost | AudienceHost, index: number): Promise<Seated> {
  const messages: AgentMessage[] = [];
  const seated = await host.seat(index, (message) => {
    messages.push(message);
  });
  return { ...seated, messages };
}

const types = ({ messages }: Seated): string[] =>
  messages.map(({ type }) => type).filter((type) => type !== "digest");

function expectComplete({ packets, histograms }: HostReport): void {
  expect(packets.received + packets.lost).toBe(packets.expected);
  expect((histograms["mouth_to_ear"]?.n ?? 0) + packets.late).toBe(packets.received - packets.refused);
}

const left = ({ seconds }: HostReport): number => seconds.reduce((sum, second) => sum + second.left, 0);

describe("with a room server", () => {
  let server: RoomServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    await server.close();
  });

  test("a listener whose VU is cut is a broken session, and what it heard until then is accounted for", async () => {
    const { stage, audience } = hostsAt(server);
    await seat(stage, 0);
    const [cut, stays] = await Promise.all([seat(audience, 0), seat(audience, 1)]);
    await expect.poll(() => audience.progress().received, { timeout: 10_000 }).toBeGreaterThan(20);
    cut.cut();
    cut.cut();
    expect(await cut.leave()).toMatchObject({ totals: { expected: 0, received: 0, lost: 0 } });
    expect(types(cut)).toEqual(["joined", "failed"]);
    const final = await stays.leave();
    expect(final.totals.received).toBeGreaterThan(20);
    const [report] = await Promise.all([audience.end(), stage.end()]);
    expect(report).toMatchObject({ joined: 2, completed: 1, failedToJoin: 0 });
    expect(report.failures).toEqual([{ cause: "cut", message: "its VU went without leaving", count: 1 }]);
    expect(left(report)).toBe(2);
    expect(report.worst[0]).toMatchObject({ index: 0, failure: "cut" });
    expect(report.worst[0]?.expected).toBeGreaterThan(0);
    expect(report.packets.lost).toBe(0);
    expectComplete(report);
  });

  test("a leave is one leave, though it is asked for twice and the run ends meanwhile", async () => {
    const { stage, audience } = hostsAt(server);
    const speaker = await seat(stage, 0);
    const listener = await seat(audience, 0);
    await expect.poll(() => audience.progress().received, { timeout: 10_000 }).toBeGreaterThan(0);
    const [first, second, report] = await Promise.all([listener.leave(), listener.leave(), audience.end()]);
    expect(second).toBe(first);
    expect(report).toMatchObject({ joined: 1, completed: 1, failures: [] });
    expect(report.packets.expected).toBe(first.totals.expected);
    expect(left(report)).toBe(1);
    expectComplete(report);
    const [gone, again, stageReport] = await Promise.all([speaker.leave(), speaker.leave(), stage.end()]);
    expect(again).toBe(gone);
    expect(stageReport).toMatchObject({ joined: 1, completed: 1, failures: [] });
    expect(stageReport.packets.sent).toBe(gone.totals.sent);
    expect(left(stageReport)).toBe(1);
  });

  test("whoever is cut while leaving has not completed", async () => {
    const { stage, audience } = hostsAt(server);
    const speaker = await seat(stage, 0);
    const listener = await seat(audience, 0);
    const leaving = [listener.leave(), speaker.leave()];
    listener.cut();
    speaker.cut();
    for (const final of await Promise.all(leaving))
      expect(final.totals).toMatchObject({ sent: 0, expected: 0 });
    const reports = await Promise.all([audience.end(), stage.end()]);
    for (const report of reports) {
      expect(report).toMatchObject({ joined: 1, completed: 0, failures: [{ cause: "cut", count: 1 }] });
      expect(left(report)).toBe(1);
    }
  });

  test("those who are still there when the run ends leave in good order", async () => {
    const { stage, audience } = hostsAt(server);
    await Promise.all([seat(stage, 0), seat(stage, 1)]);
    await Promise.all([seat(audience, 0), seat(audience, 1)]);
    const [heard, said] = await Promise.all([audience.end(), stage.end()]);
    expect([heard.completed, said.completed]).toEqual([2, 2]);
    expect([...heard.failures, ...said.failures]).toEqual([]);
  });

  test("a session that the server breaks is told once, and counted once", async () => {
    const { stage, audience } = hostsAt(server, "taken-over");
    const listener = await seat(audience, 0);
    const speaker = await seat(stage, 0);
    // The same accounts join again elsewhere: the server lets the first ones go.
    const others = hostsAt(server, "taken-over");
    await Promise.all([seat(others.stage, 0), seat(others.audience, 0)]);
    await expect
      .poll(() => [types(listener), types(speaker)])
      .toEqual([
        ["joined", "failed"],
        ["joined", "failed"],
      ]);
    const reports = await Promise.all([audience.end(), stage.end()]);
    for (const report of reports) {
      expect(report).toMatchObject({ joined: 1, completed: 0, failedToJoin: 0 });
      expect(report.failures).toEqual([
        { cause: "removed", message: "removed by the server: replaced", count: 1 },
      ]);
    }
    expectComplete(reports[0]);
    await Promise.all([others.audience.end(), others.stage.end()]);
  });
});

test("where there is no room server every session fails to join, and is told why", async () => {
  const { stage, audience } = hostsAt({ url: "ws://127.0.0.1:1/room" });
  const seated = await Promise.all([seat(stage, 0), seat(audience, 0), seat(audience, 1)]);
  for (const one of seated) {
    expect(one.messages).toEqual([
      { type: "failed", cause: "unreachable", message: expect.stringContaining("ECONNREFUSED") },
    ]);
    expect((await one.leave()).totals).toEqual({ sent: 0, expected: 0, received: 0, lost: 0 });
    one.cut();
  }
  const [heard, said] = await Promise.all([audience.end(), stage.end()]);
  expect(heard).toMatchObject({ joined: 0, failedToJoin: 2, completed: 0 });
  expect(said).toMatchObject({ joined: 0, failedToJoin: 1, completed: 0 });
  expect(left(heard) + left(said)).toBe(0);
});
