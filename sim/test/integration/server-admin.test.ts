import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { opusParameters, someDtls, startServer, TestClient } from "../../server/_test-client.ts";
import { webhookBodySchema, webhookSignature } from "../../server/webhooks.ts";
import { admin, adminToken, joinBy, keepingLogger, tokenFor } from "./_outside.ts";

async function outcome(server: { url: string }, id: string, room = "room"): Promise<string> {
  const client = await TestClient.connect(server);
  return joinBy(client, { token: await tokenFor({ id, room }) });
}

describe("the admin API of a running server", () => {
  test("is not there without a token of its own", async () => {
    await using server = await startServer();
    expect((await admin(server, "GET", "/rooms")).status).toBe(404);
    expect((await admin(server, "GET", "/openapi.json")).status).toBe(404);
  });

  test("sees who is in, and puts out at once", async () => {
    await using server = await startServer({ adminToken });
    const { client } = await TestClient.join(server, { id: "a", role: "speaker" });
    await TestClient.join(server, { id: "b", role: "listener" });
    expect((await admin(server, "GET", "/live-rooms")).body).toEqual({
      rooms: [{ roomId: "room", participants: 2 }],
    });
    const inside = await admin(server, "GET", "/rooms/room/participants");
    expect(inside.body).toEqual({
      participants: [
        { participantId: "a", role: "speaker", seat: 0 },
        { participantId: "b", role: "listener", seat: null },
      ],
    });
    expect(JSON.stringify(inside.body)).not.toContain("name of");
    expect((await admin(server, "DELETE", "/rooms/room/participants/a")).status).toBe(204);
    expect(await client.event("removed")).toEqual({ reason: "kicked" });
    await client.closed;
    expect(await outcome(server, "a")).toBe("ok");
  });

  test("bans, from a room that somebody is in and from one that nobody is in, and lifts it", async () => {
    await using server = await startServer({ adminToken });
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    await TestClient.join(server, { id: "host", role: "host" });
    await admin(server, "PUT", "/rooms/room/bans/a", { untilUnixMs: null });
    expect(await client.event("removed")).toEqual({ reason: "banned" });
    await admin(server, "PUT", "/rooms/empty/bans/a", { untilUnixMs: null });
    expect([await outcome(server, "a"), await outcome(server, "a", "empty")]).toEqual(["banned", "banned"]);
    await admin(server, "DELETE", "/rooms/room/bans/a");
    expect(await outcome(server, "a")).toBe("ok");
  });

  test("invites into a private room", async () => {
    await using server = await startServer({ adminToken });
    await admin(server, "POST", "/rooms", { roomId: "room", title: "", visibility: "private" });
    expect(await outcome(server, "a")).toBe("not-invited");
    await admin(server, "PUT", "/rooms/room/invitations/a");
    expect(await outcome(server, "a")).toBe("ok");
    await admin(server, "PUT", "/rooms/room/invitations/b");
    await admin(server, "DELETE", "/rooms/room/invitations/b");
    expect(await outcome(server, "b")).toBe("not-invited");
  });

  test("tells those inside what it changes about their room", async () => {
    await using server = await startServer({ adminToken });
    await admin(server, "POST", "/rooms", { roomId: "room", title: "before" });
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    await admin(server, "PATCH", "/rooms/room", { title: "after", locked: true });
    const { room } = await client.event("roomChanged");
    expect(room).toMatchObject({ title: "after", locked: true });
    expect(await outcome(server, "b")).toBe("room-locked");
  });

  test("ends a room for good", async () => {
    await using server = await startServer({ adminToken });
    const { client } = await TestClient.join(server, { id: "a", role: "listener" });
    expect((await admin(server, "DELETE", "/rooms/room")).status).toBe(204);
    expect(await client.event("removed")).toEqual({ reason: "room-ended" });
    expect(await outcome(server, "b")).toBe("room-ended");
  });

  test("shows what moderators did", async () => {
    await using server = await startServer({ adminToken });
    const { client: host } = await TestClient.join(server, { id: "host", role: "host" });
    await TestClient.join(server, { id: "a", role: "listener" });
    await host.request("kick", { participantId: "a" });
    await admin(server, "PUT", "/rooms/room/bans/a", { untilUnixMs: null });
    const { entries } = (await admin(server, "GET", "/audit")).body as { entries: Record<string, unknown>[] };
    expect(entries.map(({ actorId, act, roomId, targetId }) => [actorId, act, roomId, targetId])).toEqual([
      ["host", "kicked", "room", "a"],
      [null, "banned", "room", "a"],
    ]);
  });
});

test("rooms, bans and the audit log outlast a restart where there is a file for them", async () => {
  const directory = mkdtempSync(join(tmpdir(), "server-store-"));
  const dataFile = join(directory, "rooms.db");
  {
    await using server = await startServer({ adminToken, dataFile });
    await admin(server, "POST", "/rooms", { roomId: "room", title: "kept", visibility: "public" });
    await admin(server, "PUT", "/rooms/room/bans/a", { untilUnixMs: null });
  }
  {
    await using server = await startServer({ adminToken, dataFile });
    expect((await admin(server, "GET", "/rooms/room")).body).toMatchObject({ title: "kept" });
    expect(await outcome(server, "a")).toBe("banned");
    expect(((await admin(server, "GET", "/audit")).body as { entries: unknown[] }).entries).toHaveLength(2);
    const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
    expect(metrics).toContain('soundcheck_server_stored_rooms{state="open"} 1');
  }
  rmSync(directory, { recursive: true });
});

test("webhooks tell of a room's whole life, signed, and the last before the server is gone", async () => {
  const received: { event: string; participantId: string | null }[] = [];
  const secret = "a secret of the receiver";
  const receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const header = String(request.headers["soundcheck-signature"]);
      const seconds = Number(/^t=(\d+),/.exec(header)?.[1]);
      const good = header === webhookSignature(secret, seconds, body);
      if (good) received.push(webhookBodySchema.parse(JSON.parse(body)));
      response.writeHead(good ? 204 : 401).end();
    });
  });
  await new Promise<void>((resolve) => {
    receiver.listen(0, "127.0.0.1", resolve);
  });
  const address = receiver.address();
  const url = typeof address === "object" ? `http://127.0.0.1:${address?.port}/` : "";
  {
    await using server = await startServer({ webhook: { url, secret } });
    const { client: host } = await TestClient.join(server, { id: "host", role: "host" });
    await TestClient.join(server, { id: "a", role: "listener" });
    await host.request("kick", { participantId: "a" });
    await expect.poll(() => received.map(({ event }) => event)).toContain("moderation.kicked");
  }
  expect(received.map(({ event, participantId }) => `${event} ${participantId}`).toSorted()).toEqual([
    "moderation.kicked a",
    "participant.joined a",
    "participant.joined host",
    "participant.left a",
    "participant.left host",
    "room.closed null",
    "room.opened null",
  ]);
  await new Promise((resolve) => receiver.close(resolve));
});

test("a busy session's logs hold no token, ticket, name, address or sealed byte", async () => {
  const { logger, lines } = keepingLogger();
  const secrets: string[] = [adminToken];
  {
    await using server = await startServer({ adminToken, logger, trustForwardedFor: true });
    const { client: host, joined } = await TestClient.join(
      server,
      { id: "host", role: "host", publicKey: "SomePublicKeyOfTheHost" },
      { direction: "send", dtlsParameters: someDtls },
    );
    const published = await host.request("publish", {
      transportId: joined.transport?.transportId ?? "",
      rtpParameters: opusParameters(5),
    });
    await host.request("setMuted", { streamId: published.streamId, muted: true });
    const token = await tokenFor({ id: "a" });
    const asked = await fetch(`${server.httpUrl}/api/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "x-forwarded-for": "198.51.100.77" },
    });
    const { ticket } = (await asked.json()) as { ticket: string };
    const client = await TestClient.connect(server);
    const inside = await client.request("join", { version: 1, ticket, resumable: true });
    await host.request("relay", { messages: [{ to: "a", sealed: "SealedBytesForNobodyElse" }] });
    await client.request("raiseHand", {});
    await client.ask("join", { version: 1, token: `${token}x` });
    await client.ask("nonsense", { token });
    client.socket.send(`{"token":"${token}`);
    await client.ask("ping", {});
    await host.request("setRoom", { title: "A Title Like No Other", topic: "A Topic Like No Other" });
    await host.request("kick", { participantId: "a" });
    expect(await joinBy(await TestClient.connect(server), { ticket })).toBe("bad-token");
    await joinBy(await TestClient.connect(server), { token: await tokenFor({ id: "late" }, -5) });
    await admin(server, "PUT", "/rooms/room/bans/a", { untilUnixMs: null });
    await fetch(`${server.httpUrl}/admin/rooms`, { headers: { authorization: "Bearer WrongAdminToken" } });
    await server.drain(0);
    secrets.push(token, ticket, inside.resumeToken ?? "none", "eyJ", "name of", "WrongAdminToken");
    secrets.push("198.51.100.77", "SealedBytes", "SomePublicKey", "Like No Other", "Bearer");
  }
  const log = lines.join("");
  // The log speaks of all that, so what it leaves out it leaves out on purpose.
  for (const spoken of ["participant joined", "join refused", "moderation", "drained", "stream published"]) {
    expect(log).toContain(spoken);
  }
  for (const secret of secrets) expect(log).not.toContain(secret);
});
