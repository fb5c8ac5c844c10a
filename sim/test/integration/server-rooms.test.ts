import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryStore } from "../../server/memory-store.ts";
import { someDtls, startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import type { RoomRecord } from "../../server/store.ts";

const store = createMemoryStore();
let server: RoomServer;
let rooms = 0;

beforeAll(async () => {
  server = await startServer({ store });
});
afterAll(async () => {
  await server.close();
});

/** Defines a room, open unless said otherwise. */
async function defined(change: Partial<RoomRecord> = {}): Promise<string> {
  const roomId = `defined-${rooms++}`;
  await store.createRoom({
    roomId,
    title: "Title",
    topic: "",
    visibility: "public",
    state: "open",
    locked: false,
    lobby: false,
    maxStage: null,
    maxAudience: null,
    startsAtUnixMs: null,
    createdAtUnixMs: 0,
    endedAtUnixMs: null,
    ...change,
  });
  return roomId;
}

const join = (room: string, id: string, role: "host" | "moderator" | "speaker" | "listener" = "listener") =>
  TestClient.join(server, { id, role, room });

describe("who is let in", () => {
  test("to a private room: whom host or moderator invite", async () => {
    const room = await defined({ visibility: "private" });
    const { client: host } = await join(room, "host", "host");
    await expect(join(room, "ann")).rejects.toMatchObject({ code: "not-invited" });
    await host.request("inviteToRoom", { participantId: "ann" });
    const { client: ann } = await join(room, "ann");
    await expect(ann.request("inviteToRoom", { participantId: "bob" })).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("to a social room: whom any member invites", async () => {
    const room = await defined({ visibility: "social" });
    const { client: host } = await join(room, "host", "host");
    await host.request("inviteToRoom", { participantId: "ann" });
    const { client: ann } = await join(room, "ann");
    await ann.request("inviteToRoom", { participantId: "bob" });
    await join(room, "bob");
    await expect(join(room, "eve")).rejects.toMatchObject({ code: "not-invited" });
  });

  test("to a locked room: hosts, moderators, and who is in it already", async () => {
    const room = await defined();
    const { client: host } = await join(room, "host", "host");
    await join(room, "ann");
    await host.request("setRoom", { locked: true });
    expect((await store.getRoom(room))?.locked).toBe(true);
    await expect(join(room, "bob", "speaker")).rejects.toMatchObject({ code: "room-locked" });
    await join(room, "mod", "moderator");
    await join(room, "ann");
    await host.request("setRoom", { locked: false });
    await join(room, "bob", "speaker");
  });

  test("to a full audience: nobody, while the stage has places, and a host always", async () => {
    const room = await defined({ maxAudience: 1, maxStage: 1 });
    await join(room, "ann");
    await expect(join(room, "bob")).rejects.toMatchObject({ code: "room-full" });
    await join(room, "speaker", "speaker");
    await expect(join(room, "other", "speaker")).rejects.toMatchObject({ code: "room-full" });
    expect((await join(room, "host", "host")).joined.role).toBe("host");
  });

  test("to a place that somebody has left, for good or for the stage", async () => {
    const room = await defined({ maxAudience: 1 });
    const { client: host } = await join(room, "host", "host");
    const { client: ann } = await join(room, "ann");
    await ann.request("leave", {});
    const { client: bob } = await join(room, "bob");
    await expect(join(room, "eve")).rejects.toMatchObject({ code: "room-full" });
    await host.request("inviteToStage", { participantId: "bob" });
    await bob.request("acceptStage", {});
    await join(room, "eve");
    // Who leaves the stage is not held there by a full audience.
    expect(await bob.request("stepDown", {})).toEqual({ role: "listener", seat: null });
    expect(await host.request("roomInfo", {})).toMatchObject({ stageSize: 1, audienceSize: 2 });
  });

  test("of 50 who come at once for 10 places: 10", async () => {
    const room = await defined({ maxAudience: 10 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        TestClient.join(
          server,
          { id: `p${i}`, role: "listener", room },
          { direction: "receive", dtlsParameters: someDtls },
        ),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason.code] : [],
    );
    expect(new Set(refusals)).toEqual(new Set(["room-full"]));
    const witness = await join(room, "host", "host");
    expect(witness.joined.audienceSize).toBe(10);
  });

  test("of 50 who come at once as one: the last", async () => {
    const room = await defined({ maxStage: 1 });
    await Promise.allSettled(Array.from({ length: 50 }, () => join(room, "me", "speaker")));
    const { client, joined } = await join(room, "host", "host");
    expect(joined.stage.map(({ participantId }) => participantId)).toEqual(["me", "host"]);
    expect((await client.request("roomInfo", {})).stageSize).toBe(2);
  });
});

describe("the lobby", () => {
  test("keeps who comes before the host, and lets them in with all that a join brings", async () => {
    const room = await defined({ lobby: true, state: "scheduled", title: "Soon" });
    const waiting = await TestClient.join(
      server,
      { id: "ann", role: "listener", room },
      { direction: "receive", dtlsParameters: someDtls },
    );
    expect(waiting.joined).toMatchObject({ waiting: true, seat: null, stage: [], room: { title: "Soon" } });
    expect(waiting.joined.transport).toBeUndefined();
    await expect(waiting.client.request("raiseHand", {})).rejects.toMatchObject({ code: "not-joined" });
    expect(await waiting.client.request("ping", {})).toEqual({});
    const speaker = await join(room, "bob", "speaker");
    await waiting.client.event("lobby", ({ waiting: count }) => count === 1);

    const host = await join(room, "host", "host");
    expect(host.joined.room?.state).toBe("open");
    const admitted = await waiting.client.event("admitted");
    expect(admitted).toMatchObject({ participantId: "ann", role: "listener" });
    expect(admitted.transport?.transportId).toEqual(expect.any(String));
    expect(admitted.streams).toEqual([]);
    expect(await speaker.client.event("admitted")).toMatchObject({ role: "speaker", seat: 1 });
    await host.client.event("memberJoined", ({ member }) => member.participantId === "ann");
    expect((await store.getRoom(room))?.state).toBe("open");
    expect((await join(room, "late")).joined.waiting).toBeUndefined();
  });

  test("is left like a room, and a place that was kept in it is free again", async () => {
    const room = await defined({ lobby: true, maxAudience: 1 });
    const ann = await join(room, "ann");
    await expect(join(room, "bob")).rejects.toMatchObject({ code: "room-full" });
    await ann.client.request("leave", {});
    expect((await ann.client.closed).code).toBe(1000);
    const bob = await join(room, "bob");
    bob.client.socket.terminate();
    await expect
      .poll(async () => (await join(room, "eve").catch(() => undefined))?.joined.waiting)
      .toBe(true);
  });

  test("has everybody once", async () => {
    const room = await defined({ lobby: true });
    const first = await join(room, "ann");
    await join(room, "ann");
    expect(await first.client.event("removed")).toEqual({ reason: "replaced" });
  });
});

describe("a room's settings", () => {
  test("are changed each by its right, are told to all, and stay when all have left", async () => {
    const room = await defined();
    const { client: host } = await join(room, "host", "host");
    const { client: moderator } = await join(room, "mod", "moderator");
    const { client: ann } = await join(room, "ann");
    await moderator.request("setRoom", { title: "New", topic: "Topic", locked: false });
    expect((await ann.event("roomChanged")).room).toMatchObject({
      title: "New",
      topic: "Topic",
      state: "open",
    });
    for (const change of [{ maxStage: 5 }, { maxAudience: 5 }, { visibility: "private" as const }]) {
      await expect(moderator.request("setRoom", change)).rejects.toMatchObject({ code: "forbidden" });
      await host.request("setRoom", change);
    }
    await expect(ann.request("setRoom", { title: "mine" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(host.ask("setRoom", { state: "ended" })).resolves.toMatchObject({ ok: false });
    for (const client of [host, moderator, ann]) await client.request("leave", {});
    expect((await join(room, "host", "host")).joined.room).toMatchObject({
      title: "New",
      topic: "Topic",
      maxStage: 5,
      maxAudience: 5,
      visibility: "private",
    });
  });

  test("of a room that nobody defined end with it, its bans too", async () => {
    const room = `undefined-${rooms++}`;
    const { client: host } = await join(room, "host", "host");
    await host.request("setRoom", { title: "Ad hoc" });
    await host.request("ban", { participantId: "ann" });
    await host.request("leave", {});
    await host.closed;
    await expect.poll(() => store.isBanned(room, "ann", 0)).toBe(false);
    expect((await join(room, "ann")).joined.room?.title).toBe("");
  });
});

describe("the end of a room", () => {
  test("by its host is for everybody, answered, and for good where the room was defined", async () => {
    const room = await defined();
    const { client: host } = await join(room, "host", "host");
    const { client: ann } = await join(room, "ann");
    await expect(ann.request("endRoom", {})).rejects.toMatchObject({ code: "forbidden" });
    expect(await host.request("endRoom", {})).toEqual({});
    for (const client of [host, ann]) {
      expect(await client.event("removed")).toEqual({ reason: "room-ended" });
      await client.closed;
    }
    expect((await store.getRoom(room))?.state).toBe("ended");
    await expect(join(room, "host", "host")).rejects.toMatchObject({ code: "room-ended" });
  });
});

describe("the audience", () => {
  test("is listed by pages", async () => {
    const room = await defined();
    const { client: host } = await join(room, "host", "host");
    for (const id of ["a", "b", "c"]) await join(room, id);
    const page = await host.request("listAudience", { offset: 1, limit: 1 });
    expect(page).toMatchObject({ total: 3, members: [{ participantId: "b" }] });
    expect((await host.request("listAudience", { offset: 9, limit: 1 })).members).toEqual([]);
  });
});
