import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Role } from "../../protocol/signalling.ts";
import { opusParameters, someDtls, startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import { monotonicMs } from "../../util/clock.ts";

let server: RoomServer;
let rooms = 0;
let nowMs = 0;
const hostGraceMs = 30_000;

beforeAll(async () => {
  server = await startServer({ hostGraceMs, clock: { now: () => monotonicMs(nowMs) } });
});
afterAll(async () => {
  await server.close();
});

/** A room with a host, and whoever else is named by role, each under the role's name (and a number where there are more). */
async function roomOf<Name extends string>(
  who: Record<Name, Role>,
): Promise<Record<Name, TestClient> & { room: string }> {
  const room = `stage-${rooms++}`;
  const clients: Record<string, TestClient> = {};
  for (const [id, role] of Object.entries<Role>(who)) {
    clients[id] = (await TestClient.join(server, { id, role, room })).client;
  }
  return { ...(clients as Record<Name, TestClient>), room };
}

async function publishing(client: TestClient, ssrc: number): Promise<string> {
  const { transportId } = await client.request("openTransport", {
    direction: "send",
    dtlsParameters: someDtls,
  });
  return (await client.request("publish", { transportId, rtpParameters: opusParameters(ssrc) })).streamId;
}

const named = (events: TestClient["events"], name: string): unknown[] =>
  events.flatMap((event) => (event.name === name ? [event.body] : []));

describe("hands", () => {
  test("go up in order, are seen by the stage, and are lowered by oneself or by who moderates", async () => {
    const { host, speaker, ann, bob } = await roomOf({
      host: "host",
      speaker: "speaker",
      ann: "listener",
      bob: "listener",
    });
    expect(await ann.request("raiseHand", {})).toEqual({ position: 0 });
    expect(await bob.request("raiseHand", {})).toEqual({ position: 1 });
    expect(await ann.request("raiseHand", {})).toEqual({ position: 0 });
    const both = await host.event("handsChanged", ({ hands }) => hands.length === 2);
    expect(both.hands).toEqual([
      { participantId: "ann", name: "name of ann" },
      { participantId: "bob", name: "name of bob" },
    ]);
    await host.request("lowerHand", { participantId: "ann" });
    expect(await ann.event("handLowered")).toEqual({ by: "host" });
    await bob.request("lowerHand", {});
    await speaker.event("handsChanged", ({ hands }) => hands.length === 0);
    expect(named(ann.events, "handsChanged")).toEqual([]);
    await expect(host.request("lowerHand", { participantId: "bob" })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("are told to who comes to the stage later, and go with who leaves", async () => {
    const { host, ann, room } = await roomOf({ host: "host", ann: "listener" });
    await ann.request("raiseHand", {});
    const late = await TestClient.join(server, { id: "late", role: "moderator", room });
    expect(late.joined.hands).toEqual([{ participantId: "ann", name: "name of ann" }]);
    await ann.request("leave", {});
    await late.client.event("handsChanged", ({ hands }) => hands.length === 0);
    await host.event("handsChanged", ({ hands }) => hands.length === 0);
  });
});

describe("the stage", () => {
  test("is entered by invitation: with a fresh seat, told to everybody, and with the right to publish", async () => {
    const { host, ann, bob } = await roomOf({ host: "host", ann: "listener", bob: "listener" });
    await ann.request("raiseHand", {});
    await expect(ann.request("acceptStage", {})).rejects.toMatchObject({ code: "not-found" });
    await host.request("inviteToStage", { participantId: "ann" });
    expect(await ann.event("stageInvitation")).toEqual({ by: "host" });
    expect(await ann.request("acceptStage", {})).toEqual({ role: "speaker", seat: 1 });
    const member = { participantId: "ann", name: "name of ann", role: "speaker", seat: 1, publicKey: null };
    for (const client of [host, ann, bob]) expect(await client.event("memberChanged")).toEqual({ member });
    await host.event("handsChanged", ({ hands }) => hands.length === 0);
    await publishing(ann, 1);
    await expect(ann.request("acceptStage", {})).rejects.toMatchObject({ code: "forbidden" });
  });

  test("is declined: who invited is told, and the invitation is void", async () => {
    const { host, ann } = await roomOf({ host: "host", ann: "listener" });
    await host.request("inviteToStage", { participantId: "ann" });
    await ann.request("declineStage", {});
    expect(await host.event("stageDeclined")).toEqual({ participantId: "ann" });
    await expect(ann.request("acceptStage", {})).rejects.toMatchObject({ code: "not-found" });
  });

  test("is left by stepping down: what was published ends, and nothing can be published any more", async () => {
    const { host, speaker, room } = await roomOf({ host: "host", speaker: "speaker" });
    const hearer = await TestClient.join(
      server,
      { id: "hearer", role: "listener", room },
      { direction: "receive", dtlsParameters: someDtls },
    );
    const streamId = await publishing(speaker, 2);
    await hearer.client.event("streamAdded");
    expect(await speaker.request("stepDown", {})).toEqual({ role: "listener", seat: null });
    await hearer.client.event("streamRemoved", (removed) => removed.streamId === streamId);
    await expect(speaker.request("openTransport", { direction: "send" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await host.event("memberChanged", ({ member }) => member.role === "listener" && member.seat === null);
    expect((await host.request("roomInfo", {})).stageSize).toBe(1);
  });

  test("once left by order of a moderator is not entered again by the token's role", async () => {
    const { host, speaker, room } = await roomOf({ host: "host", speaker: "speaker" });
    await host.request("moveToAudience", { participantId: "speaker" });
    expect(await speaker.event("roleChanged")).toEqual({
      role: "listener",
      seat: null,
      by: "host",
      audience: null,
    });
    await speaker.request("leave", {});
    const again = await TestClient.join(server, { id: "speaker", role: "speaker", room });
    expect(again.joined).toMatchObject({ role: "listener", seat: null });
  });

  test("has no more than its limit, also when several accept at once", async () => {
    const { host, room } = await roomOf({ host: "host" });
    await host.request("setRoom", { maxStage: 3 });
    const listeners = await Promise.all(
      ["a", "b", "c", "d"].map(
        async (id) => (await TestClient.join(server, { id, role: "listener", room })).client,
      ),
    );
    for (const id of ["a", "b", "c", "d"]) await host.request("inviteToStage", { participantId: id });
    const answers = await Promise.all(listeners.map((client) => client.ask("acceptStage", {})));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(2);
    expect((await host.request("roomInfo", {})).stageSize).toBe(3);
  });
});

describe("moderation", () => {
  test("mutes all that somebody publishes; they are told by whom, and go on by themselves", async () => {
    const { moderator, speaker, room } = await roomOf({
      host: "host",
      moderator: "moderator",
      speaker: "speaker",
    });
    const hearer = await TestClient.join(
      server,
      { id: "hearer", role: "listener", room },
      { direction: "receive", dtlsParameters: someDtls },
    );
    const streamId = await publishing(speaker, 3);
    await hearer.client.event("streamAdded");
    await moderator.request("muteParticipant", { participantId: "speaker" });
    expect(await speaker.event("muted")).toEqual({ by: "moderator" });
    await hearer.client.event("streamPaused", ({ paused }) => paused);
    await moderator.request("askToUnmute", { participantId: "speaker" });
    expect(await speaker.event("unmuteAsked")).toEqual({ by: "moderator" });
    await expect(moderator.request("setMuted", { streamId, muted: false })).rejects.toMatchObject({
      code: "not-found",
    });
    await speaker.request("setMuted", { streamId, muted: false });
    await hearer.client.event("streamPaused", ({ paused }) => !paused);
  });

  test("kicks at once, and who comes back comes to the audience", async () => {
    const { host, speaker, room } = await roomOf({ host: "host", speaker: "speaker" });
    await publishing(speaker, 4);
    await host.request("kick", { participantId: "speaker" });
    expect(await speaker.event("removed")).toEqual({ reason: "kicked" });
    expect((await speaker.closed).code).toBe(1000);
    expect(await host.event("memberLeft")).toEqual({ participantId: "speaker" });
    const again = await TestClient.join(server, { id: "speaker", role: "speaker", room });
    expect(again.joined.role).toBe("listener");
  });

  test("bans at once and until unbanned, also who is not there, but not who ranks as high", async () => {
    const { host, moderator, ann, room } = await roomOf({
      host: "host",
      moderator: "moderator",
      ann: "listener",
    });
    await moderator.request("ban", { participantId: "ann" });
    expect(await ann.event("removed")).toEqual({ reason: "banned" });
    await moderator.request("ban", { participantId: "stranger" });
    for (const id of ["ann", "stranger"]) {
      await expect(TestClient.join(server, { id, role: "listener", room })).rejects.toMatchObject({
        code: "banned",
      });
    }
    await host.request("leave", {});
    for (const participantId of ["host", "moderator"]) {
      await expect(moderator.request("ban", { participantId })).rejects.toMatchObject({ code: "forbidden" });
    }
    await moderator.request("unban", { participantId: "ann" });
    await TestClient.join(server, { id: "ann", role: "listener", room });
    await expect(moderator.request("unban", { participantId: "ann" })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("goes down the ranks only", async () => {
    const { host, moderator, other, speaker } = await roomOf({
      host: "host",
      moderator: "moderator",
      other: "moderator",
      speaker: "speaker",
    });
    const acts = ["kick", "ban", "muteParticipant", "askToUnmute", "moveToAudience"] as const;
    for (const act of acts) {
      for (const participantId of ["host", "other", "moderator"]) {
        await expect(moderator.request(act, { participantId })).rejects.toMatchObject({ code: "forbidden" });
      }
      await expect(speaker.request(act, { participantId: "host" })).rejects.toMatchObject({
        code: "forbidden",
      });
      if (act !== "ban") {
        await expect(host.request(act, { participantId: "nobody" })).rejects.toMatchObject({
          code: "not-found",
        });
      }
    }
    expect(other.events.filter(({ name }) => name === "removed")).toEqual([]);
  });
});

describe("host and moderators", () => {
  test("the host makes moderators of who is on the stage, and speakers of them again", async () => {
    const { host, speaker } = await roomOf({ host: "host", speaker: "speaker", ann: "listener" });
    await expect(host.request("grantModerator", { participantId: "ann" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(speaker.request("kick", { participantId: "ann" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await host.request("grantModerator", { participantId: "speaker" });
    expect(await speaker.event("roleChanged")).toMatchObject({ role: "moderator", seat: 1 });
    await speaker.request("kick", { participantId: "ann" });
    await host.request("revokeModerator", { participantId: "speaker" });
    await speaker.event("roleChanged", ({ role }) => role === "speaker");
    await expect(host.request("revokeModerator", { participantId: "speaker" })).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  test("the host hands over: there is one host, who is told of the audience", async () => {
    const { host, speaker, ann, room } = await roomOf({ host: "host", speaker: "speaker", ann: "listener" });
    await host.request("handOverHost", { participantId: "speaker" });
    const changed = await speaker.event("roleChanged");
    expect(changed).toMatchObject({ role: "host", seat: 1, by: "host" });
    expect(changed.audience?.map(({ participantId }) => participantId)).toEqual(["ann"]);
    expect(await ann.request("roomInfo", {})).toMatchObject({ host: "speaker" });
    await TestClient.join(server, { id: "new", role: "listener", room });
    await speaker.event("memberJoined", ({ member }) => member.participantId === "new");
    await expect(host.request("endRoom", {})).rejects.toMatchObject({ code: "forbidden" });
    await host.request("leave", {});
    expect((await TestClient.join(server, { id: "host", role: "host", room })).joined.role).toBe("moderator");
  });

  test("a second host's token makes a moderator", async () => {
    const { room } = await roomOf({ host: "host" });
    expect((await TestClient.join(server, { id: "second", role: "host", room })).joined.role).toBe(
      "moderator",
    );
  });

  test("host is claimed only once it is gone for longer than the grace period, and by whose turn it is", async () => {
    const { host, first, moderator } = await roomOf({
      host: "host",
      first: "speaker",
      moderator: "moderator",
    });
    await expect(moderator.request("claimHost", {})).rejects.toMatchObject({ code: "forbidden" });
    await host.request("leave", {});
    await moderator.event("memberLeft");
    nowMs += hostGraceMs;
    await expect(moderator.request("claimHost", {})).rejects.toMatchObject({ code: "forbidden" });
    nowMs += 1;
    await expect(first.request("claimHost", {})).rejects.toMatchObject({ code: "forbidden" });
    expect(await first.request("roomInfo", {})).toMatchObject({ host: null, claimant: "moderator" });
    expect(await moderator.request("claimHost", {})).toEqual({ role: "host", seat: 2 });
    await first.event("memberChanged", ({ member }) => member.role === "host");
    await expect(first.request("claimHost", {})).rejects.toMatchObject({ code: "forbidden" });
  });
});
