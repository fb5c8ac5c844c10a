import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maxMessageBytes, maxRelayRecipients, signallingVersion } from "../../protocol/signalling.ts";
import { startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";

let server: RoomServer;
let rooms = 0;
/** A room that no other test uses. */
const newRoom = (): string => `room-${rooms++}`;

beforeAll(async () => {
  server = await startServer({ maxParticipantsPerRoom: 300, version: "1.2.3" });
});
afterAll(async () => {
  await server.close();
});

describe("joining", () => {
  test("seats the stage from 0 up and never deals a seat twice", async () => {
    const room = newRoom();
    const host = await TestClient.join(server, { id: "h", role: "host", room });
    const first = await TestClient.join(server, { id: "s1", role: "speaker", room });
    await first.client.request("leave", {});
    const second = await TestClient.join(server, { id: "s2", role: "moderator", room });
    expect([host.joined.seat, first.joined.seat, second.joined.seat]).toEqual([0, 1, 2]);
  });

  test("past 256 seats is refused with room-full, though listeners still get in", async () => {
    const room = newRoom();
    await TestClient.join(server, { id: "l", role: "listener", room });
    for (let seat = 0; seat < 256; seat++) {
      const { client, joined } = await TestClient.join(server, { id: "s", role: "speaker", room });
      expect(joined.seat).toBe(seat);
      await client.request("leave", {});
    }
    await expect(TestClient.join(server, { id: "s", role: "speaker", room })).rejects.toMatchObject({
      code: "room-full",
    });
    expect((await TestClient.join(server, { id: "l2", role: "listener", room })).joined.seat).toBeNull();
  });

  test("a full room is refused, and a replaced participant does not count", async () => {
    await using small = await startServer({ maxParticipantsPerRoom: 1 });
    const first = await TestClient.join(small, { id: "a", role: "listener" });
    await expect(TestClient.join(small, { id: "b", role: "listener" })).rejects.toMatchObject({
      code: "room-full",
    });
    await TestClient.join(small, { id: "a", role: "listener" });
    expect(await first.client.event("removed")).toEqual({ reason: "replaced" });
    expect((await first.client.closed).code).toBe(1000);
  });

  test("twice on one connection is refused", async () => {
    const { client } = await TestClient.join(server, { id: "a", role: "listener", room: newRoom() });
    const answer = await client.ask("join", { version: signallingVersion, token: "x" });
    expect(answer).toMatchObject({ ok: false, error: { code: "already-joined" } });
  });

  test("with a token that is not ours is refused with bad-token", async () => {
    const client = await TestClient.connect(server);
    await expect(client.request("join", { version: signallingVersion, token: "x" })).rejects.toMatchObject({
      code: "bad-token",
    });
  });

  test("has to come in time, or the connection is closed", async () => {
    await using hasty = await startServer({ joinTimeoutMs: 50 });
    const client = await TestClient.connect(hasty);
    expect(await client.closed).toEqual({ code: 1008, reason: "no join in time" });
    const { client: joined } = await TestClient.join(hasty, { id: "a", role: "listener" });
    const late = await TestClient.connect(hasty);
    await late.closed;
    expect(await joined.request("ping", {})).toEqual({});
  });

  test("comes before everything else", async () => {
    const client = await TestClient.connect(server);
    await expect(client.request("ping", {})).rejects.toMatchObject({ code: "not-joined" });
    expect(client.events).toEqual([]);
  });
});

describe("who is told of whom", () => {
  test("the stage's comings and goings are for all, the audience's for the stage alone", async () => {
    const room = newRoom();
    const early = await TestClient.join(server, { id: "l1", role: "listener", room });
    const host = await TestClient.join(server, { id: "h", role: "host", room, publicKey: "AAAA" });
    const late = await TestClient.join(server, { id: "l2", role: "listener", room });
    const speaker = await TestClient.join(server, { id: "s", role: "speaker", room });
    late.client.close();
    await host.client.event("memberLeft", ({ participantId }) => participantId === "l2");
    await speaker.client.request("leave", {});
    await early.client.event("memberLeft", ({ participantId }) => participantId === "s");
    await host.client.event("memberLeft", ({ participantId }) => participantId === "s");

    expect(host.joined.audience?.map(({ participantId }) => participantId)).toEqual(["l1"]);
    expect(early.joined.audience).toBeNull();
    expect(late.joined).toMatchObject({ audience: null, audienceSize: 2 });
    expect(late.joined.stage).toEqual([
      { participantId: "h", name: "name of h", role: "host", seat: 0, publicKey: "AAAA" },
    ]);
    const told = (client: TestClient): string[] =>
      client.events.flatMap(({ name, body }) =>
        name === "memberJoined"
          ? [`+${body.member.participantId}`]
          : name === "memberLeft"
            ? [`-${body.participantId}`]
            : [],
      );
    expect(told(host.client)).toEqual(["+l2", "+s", "-l2", "-s"]);
    expect(told(speaker.client)).toEqual(["-l2"]);
    expect(speaker.joined.audience?.map(({ participantId }) => participantId)).toEqual(["l1", "l2"]);
    expect(told(early.client)).toEqual(["+h", "+s", "-s"]);
  });

  test("rooms know nothing of one another", async () => {
    const here = await TestClient.join(server, { id: "h", role: "host", room: newRoom() });
    const there = await TestClient.join(server, { id: "other", role: "host", room: newRoom() });
    expect(there.joined.stage.map(({ participantId }) => participantId)).toEqual(["other"]);
    expect(await here.client.request("relay", { messages: [{ to: "other", sealed: "AAAA" }] })).toEqual({
      missing: ["other"],
    });
  });

  test("a room ends when the last has left, and its id begins anew", async () => {
    const room = newRoom();
    const before = await TestClient.join(server, { id: "h", role: "host", room });
    await before.client.request("leave", {});
    expect((await before.client.closed).code).toBe(1000);
    expect((await TestClient.join(server, { id: "h2", role: "host", room })).joined.seat).toBe(0);
  });
});

describe("sealed messages", () => {
  test("go from the stage to anyone and from anyone to the stage; those who left are named", async () => {
    const room = newRoom();
    const host = await TestClient.join(server, { id: "h", role: "host", room });
    const listener = await TestClient.join(server, { id: "l", role: "listener", room });
    const answer = await host.client.request("relay", {
      messages: [
        { to: "l", sealed: "AQID" },
        { to: "gone", sealed: "AQID" },
      ],
    });
    expect(answer).toEqual({ missing: ["gone"] });
    expect(await listener.client.event("sealed")).toEqual({ from: "h", sealed: "AQID" });
    await listener.client.request("relay", { messages: [{ to: "h", sealed: "BAUG" }] });
    expect(await host.client.event("sealed")).toEqual({ from: "l", sealed: "BAUG" });
  });

  test("between two who deal no keys are forbidden, and then none of the request goes", async () => {
    const room = newRoom();
    const host = await TestClient.join(server, { id: "h", role: "host", room });
    await TestClient.join(server, { id: "l", role: "listener", room });
    const listener = await TestClient.join(server, { id: "m", role: "listener", room });
    const messages = ["h", "l"].map((to) => ({ to, sealed: "AAAA" }));
    await expect(listener.client.request("relay", { messages })).rejects.toMatchObject({ code: "forbidden" });
    await host.client.request("ping", {});
    expect(host.client.events.filter(({ name }) => name === "sealed")).toEqual([]);
  });

  test("too long, or for too many at once, are refused as bad-message", async () => {
    const { client } = await TestClient.join(server, { id: "h", role: "host", room: newRoom() });
    const long = [{ to: "h", sealed: "A".repeat(21_848) }];
    const many = Array.from({ length: maxRelayRecipients + 1 }, () => ({ to: "h", sealed: "AAAA" }));
    for (const messages of [long, many, []]) {
      await expect(client.request("relay", { messages })).rejects.toMatchObject({ code: "bad-message" });
    }
  });
});

describe("messages that do not fit", () => {
  const misfits: [string, string | Buffer, string, number | null][] = [
    ["that is not JSON", "{", "bad-message", null],
    ["in bytes", Buffer.from([1, 2, 3]), "bad-message", null],
    ["that is no object", "[]", "bad-message", null],
    ["with a negative id", '{"id":-1,"request":"ping","body":{}}', "bad-message", null],
    ["with a key too many", '{"id":7,"request":"ping","body":{},"more":1}', "bad-message", 7],
    ["without a body", '{"id":7,"request":"ping"}', "bad-message", 7],
    ["with a body's key too many", '{"id":7,"request":"ping","body":{"more":1}}', "bad-message", 7],
    ["asking for what there is not", '{"id":7,"request":"fly","body":{}}', "unknown-request", 7],
    [
      "asking for a property of every object",
      '{"id":7,"request":"constructor","body":{}}',
      "unknown-request",
      7,
    ],
  ];
  for (const [what, message, code, id] of misfits) {
    test(`a message ${what} is answered by ${code}, and the connection goes on`, async () => {
      const { client } = await TestClient.join(server, { id: "a", role: "listener", room: newRoom() });
      client.socket.send(message);
      await client.answerCount(2);
      expect(client.answers[1]).toMatchObject({ id, ok: false, error: { code } });
      expect(await client.request("ping", {})).toEqual({});
    });
  }

  test("a message that is too large closes the connection with 1009", async () => {
    const { client } = await TestClient.join(server, { id: "a", role: "listener", room: newRoom() });
    client.socket.send("x".repeat(maxMessageBytes + 1));
    expect((await client.closed).code).toBe(1009);
  });

  test("requests of one connection are answered in the order that they came", async () => {
    const { client } = await TestClient.join(server, { id: "h", role: "host", room: newRoom() });
    const asked = Array.from({ length: 500 }, (_, i) =>
      i % 50 === 0 ? client.ask("openTransport", { direction: "receive" }) : client.ask("ping", {}),
    );
    await Promise.all(asked);
    const ids = client.answers.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => Number(a) - Number(b)));
    expect(ids).toHaveLength(501);
  });
});

describe("a client that does not read", () => {
  test("is cut, and leaves the room", async () => {
    const room = newRoom();
    await using strict = await startServer({ maxBufferedBytes: 64 * 1024 });
    const host = await TestClient.join(strict, { id: "h", role: "host", room });
    const slow = await TestClient.join(strict, { id: "slow", role: "listener", room });
    slow.client.socket.pause();
    const messages = Array.from({ length: 20 }, () => ({ to: "slow", sealed: "A".repeat(2730) }));
    // The kernel's buffers take some megabytes before the server's begins to fill.
    for (let sent = 0; sent < 2000; sent++) {
      const { missing } = await host.client.request("relay", { messages });
      if (missing.length > 0) break;
    }
    expect(await host.client.event("memberLeft")).toEqual({ participantId: "slow" });
    expect(await (await fetch(`${strict.httpUrl}/metrics`)).text()).toContain(
      "soundcheck_server_slow_clients_cut_total 1",
    );
    slow.client.socket.terminate();
  });
});

describe("over HTTP", () => {
  test("/healthz says that all is well, and how much there is", async () => {
    const response = await fetch(`${server.httpUrl}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ ok: true, version: "1.2.3", workersAlive: 1 });
  });

  test("/metrics counts rooms, participants and joins, and names nobody", async () => {
    await using fresh = await startServer();
    await TestClient.join(fresh, { id: "secret-id", role: "speaker", room: "secret-room" });
    const text = await (await fetch(`${fresh.httpUrl}/metrics`)).text();
    expect(text).toContain("soundcheck_server_rooms 1");
    expect(text).toContain('soundcheck_server_participants{role="speaker"} 1');
    expect(text).toContain('soundcheck_server_joins_total{outcome="ok"} 1');
    expect(text).toMatch(/soundcheck_server_worker_cpu_seconds_total\{worker="0"\} [\d.]+/);
    expect(text).not.toContain("secret");
  });

  test("a WebSocket elsewhere than at /room is refused", async () => {
    await expect(TestClient.connect({ url: server.url.replace("/room", "/elsewhere") })).rejects.toThrow(
      /404/,
    );
  });
});
