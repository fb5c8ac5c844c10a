import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  signallingVersion,
  type RequestBody,
  type ResponseBody,
  type Role,
} from "../../protocol/signalling.ts";
import { mintToken } from "../../protocol/token.ts";
import { opusParameters, someDtls, startServer, TestClient, testSecret } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";

let server: RoomServer;
let rooms = 0;
const newRoom = (): string => `session-${rooms++}`;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

async function joinResumable(
  room: string,
  id: string,
  role: Role,
  transport?: RequestBody<"join">["transport"],
  at: { url: string } = server,
): Promise<{ client: TestClient; joined: ResponseBody<"join">; resumeToken: string }> {
  const client = await TestClient.connect(at);
  const token = await mintToken(testSecret, { sub: id, room, role, name: id }, 60);
  const joined = await client.request("join", {
    version: signallingVersion,
    token,
    resumable: true,
    ...(transport === undefined ? {} : { transport }),
  });
  return { client, joined, resumeToken: joined.resumeToken ?? "" };
}

async function resume(
  resumeToken: string,
  at: { url: string } = server,
): Promise<{ client: TestClient; resumed: ResponseBody<"resume"> }> {
  const client = await TestClient.connect(at);
  return { client, resumed: await client.request("resume", { version: signallingVersion, resumeToken }) };
}

const receiving = { direction: "receive", dtlsParameters: someDtls } as const;

describe("a connection that drops", () => {
  test("is resumed with seat, streams, transport and role, and the others see nobody leave", async () => {
    const room = newRoom();
    const { client: host } = await TestClient.join(server, { id: "host", role: "host", room });
    const before = await joinResumable(room, "ann", "speaker");
    const { transportId } = await before.client.request("openTransport", {
      direction: "send",
      dtlsParameters: someDtls,
    });
    const publishing = { transportId, rtpParameters: opusParameters(1) };
    const { streamId } = await before.client.request("publish", publishing);
    before.client.socket.terminate();
    expect(await host.event("memberAway")).toEqual({ participantId: "ann" });

    const { client, resumed } = await resume(before.resumeToken);
    expect(await host.event("memberBack")).toEqual({ participantId: "ann" });
    expect(resumed).toMatchObject({
      participantId: "ann",
      role: "speaker",
      seat: 1,
      transports: [{ transportId, direction: "send" }],
      published: [{ streamId, paused: false }],
      handRaised: false,
      stageInvitation: null,
    });
    expect(resumed.stage.map(({ participantId }) => participantId)).toEqual(["host", "ann"]);
    await client.request("setMuted", { streamId, muted: true });
    expect(await client.request("restartIce", { transportId })).toMatchObject({
      iceParameters: { iceLite: true },
    });
    expect(host.events.filter(({ name }) => name === "memberLeft")).toEqual([]);
  });

  test("is told, once resumed, how things stand, and is sent the sealed messages that came meanwhile", async () => {
    const room = newRoom();
    const { client: host } = await TestClient.join(server, { id: "host", role: "host", room });
    const { transportId } = await host.request("openTransport", {
      direction: "send",
      dtlsParameters: someDtls,
    });
    const before = await joinResumable(room, "ann", "listener", receiving);
    await before.client.request("raiseHand", {});
    before.client.socket.terminate();
    await before.client.closed;

    const { streamId } = await host.request("publish", { transportId, rtpParameters: opusParameters(2) });
    await host.request("inviteToStage", { participantId: "ann" });
    expect(await host.request("relay", { messages: [{ to: "ann", sealed: "AQID" }] })).toEqual({
      missing: [],
    });

    const { client, resumed } = await resume(before.resumeToken);
    expect(await client.event("sealed")).toEqual({ from: "host", sealed: "AQID" });
    expect(resumed).toMatchObject({ handRaised: true, stageInvitation: "host" });
    expect(resumed.transports.map((transport) => transport.transportId)).toEqual([
      before.joined.transport?.transportId,
    ]);
    // A stream on its way to who is away is there, or comes.
    const stream = resumed.streams?.[0] ?? (await client.event("streamAdded")).stream;
    expect(stream).toMatchObject({ streamId, participantId: "host", paused: false });
    expect(await client.request("acceptStage", {})).toMatchObject({ role: "speaker" });
  });

  test("is taken over by a new one even where the old is believed to be there", async () => {
    const before = await joinResumable(newRoom(), "ann", "speaker");
    const { client } = await resume(before.resumeToken);
    expect(await before.client.closed).toEqual({ code: 1000, reason: "resumed" });
    expect(before.client.events.filter(({ name }) => name === "removed")).toEqual([]);
    expect(await client.request("ping", {})).toEqual({});
  });

  test("leaves for good after the grace period, with all that was kept", async () => {
    await using hasty = await startServer({ resumeGraceMs: 50 });
    const room = newRoom();
    const { client: host } = await TestClient.join(hasty, { id: "host", role: "host", room });
    const { client, resumeToken } = await joinResumable(room, "ann", "listener", receiving, hasty);
    await client.request("raiseHand", {});
    client.socket.terminate();
    expect(await host.event("memberLeft")).toEqual({ participantId: "ann" });
    await host.event("handsChanged", ({ hands }) => hands.length === 0);
    await expect(resume(resumeToken, hasty)).rejects.toMatchObject({ code: "cannot-resume" });
    expect(await metricsOf(hasty)).toContain("soundcheck_server_transports 0");
  });

  test("leaves at once where it did not ask to be resumable", async () => {
    const room = newRoom();
    const { client: host } = await TestClient.join(server, { id: "host", role: "host", room });
    const { client, joined } = await TestClient.join(server, { id: "ann", role: "speaker", room });
    expect(joined.resumeToken).toBeUndefined();
    client.socket.terminate();
    expect(await host.event("memberLeft")).toEqual({ participantId: "ann" });
  });

  test("of who is alone keeps the room", async () => {
    const room = newRoom();
    const { client, resumeToken } = await joinResumable(room, "ann", "speaker");
    client.socket.terminate();
    const { resumed } = await resume(resumeToken);
    expect(resumed.seat).toBe(0);
  });
});

describe("the token to resume with", () => {
  test("is good once, and replaced by the next", async () => {
    const { resumeToken } = await joinResumable(newRoom(), "ann", "listener");
    const { client, resumed } = await resume(resumeToken);
    expect(resumed.resumeToken).not.toBe(resumeToken);
    for (const bad of [resumeToken, "", "x".repeat(43)]) {
      await expect(resume(bad)).rejects.toMatchObject({ code: "cannot-resume" });
    }
    expect(await client.request("ping", {})).toEqual({});
    await resume(resumed.resumeToken ?? "");
  });

  test("is void for who left, was kicked or was replaced", async () => {
    const room = newRoom();
    const { client: host } = await TestClient.join(server, { id: "host", role: "host", room });
    const left = await joinResumable(room, "left", "listener");
    await left.client.request("leave", {});
    const kicked = await joinResumable(room, "kicked", "listener");
    kicked.client.socket.terminate();
    await host.request("kick", { participantId: "kicked" });
    const replaced = await joinResumable(room, "replaced", "listener");
    await TestClient.join(server, { id: "replaced", role: "listener", room });
    for (const { resumeToken } of [left, kicked, replaced]) {
      await expect(resume(resumeToken)).rejects.toMatchObject({ code: "cannot-resume" });
    }
  });

  test("is taken by one of many who show it at once", async () => {
    const { resumeToken } = await joinResumable(newRoom(), "ann", "speaker");
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => resume(resumeToken)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("does not resume on a connection that has joined", async () => {
    const { client, resumeToken } = await joinResumable(newRoom(), "ann", "listener");
    await expect(client.request("resume", { version: signallingVersion, resumeToken })).rejects.toMatchObject(
      {
        code: "already-joined",
      },
    );
  });
});

describe("who is away", () => {
  test("and is sent more sealed messages than are kept for it is out", async () => {
    await using tight = await startServer({ maxBufferedBytes: 8192 });
    const room = newRoom();
    const { client: host } = await TestClient.join(tight, { id: "host", role: "host", room });
    const { client, resumeToken } = await joinResumable(room, "ann", "speaker", undefined, tight);
    client.socket.terminate();
    await host.event("memberAway");
    const messages = Array.from({ length: 10 }, () => ({ to: "ann", sealed: "A".repeat(2000) }));
    await host.request("relay", { messages });
    expect(await host.event("memberLeft")).toEqual({ participantId: "ann" });
    await expect(resume(resumeToken, tight)).rejects.toMatchObject({ code: "cannot-resume" });
  });
});

describe("the heartbeat", () => {
  test("cuts who does not answer, and nobody else", async () => {
    await using brisk = await startServer({ heartbeatMs: 50 });
    const room = newRoom();
    const { client: host } = await TestClient.join(brisk, { id: "host", role: "host", room });
    const { client: silent } = await TestClient.join(brisk, { id: "silent", role: "listener", room });
    silent.socket.pause();
    expect(await host.event("memberLeft")).toEqual({ participantId: "silent" });
    expect(await metricsOf(brisk)).toContain("soundcheck_server_silent_clients_cut_total 1");
    silent.socket.terminate();
  });
});

async function metricsOf({ httpUrl }: { httpUrl: string }): Promise<string> {
  return (await fetch(`${httpUrl}/metrics`)).text();
}
