import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Member, StreamDescription } from "../protocol/signalling.ts";
import { incoming } from "./_observer-bench.ts";
import { RoomView } from "./room-view.ts";

type Told = Parameters<RoomView["resync"]>[1];

/** What a participant would make of the events: who is there and what comes to it, and all that it was told. */
class Mirror {
  readonly members = new Map<string, Member>();
  readonly streams = new Map<string, StreamDescription>();
  readonly said: string[] = [];
  readonly told: Told = {
    memberJoined: (member) => {
      this.said.push(`joined ${member.participantId}`);
      this.members.set(member.participantId, member);
    },
    memberChanged: (member) => {
      this.said.push(`changed ${member.participantId}`);
      this.members.set(member.participantId, member);
    },
    memberLeft: (id) => {
      this.said.push(`left ${id}`);
      this.members.delete(id);
    },
    streamAdded: (stream) => {
      this.said.push(`added ${stream.consumerId}`);
      this.streams.set(stream.consumerId, stream);
    },
    streamRemoved: (id) => {
      this.said.push(`removed ${id}`);
      this.streams.delete(id);
    },
    streamPaused: (id, paused) => {
      this.said.push(`${paused ? "paused" : "resumed"} ${id}`);
      const stream = this.streams.get(id);
      if (stream !== undefined) this.streams.set(id, { ...stream, paused });
    },
  };
}

const member = (participantId: string, more: Partial<Member> = {}): Member => ({
  participantId,
  name: participantId,
  role: "speaker",
  seat: 1,
  publicKey: null,
  ...more,
});
const empty = { stage: [], audience: null, streams: [] };

describe("a room seen again after an outage", () => {
  test("in which nothing has changed says nothing", () => {
    const place = { stage: [member("a")], audience: null, streams: [incoming("s", 7)] };
    const mirror = new Mirror();
    new RoomView(place).resync(place, mirror.told);
    expect(mirror.said).toEqual([]);
  });

  test("tells what is gone before what has come, what has changed, and only that", () => {
    const view = new RoomView({
      stage: [member("stays"), member("goes"), member("rises", { seat: null, role: "listener" })],
      audience: null,
      streams: [incoming("kept", 1), incoming("ended", 2), incoming("muted", 3)],
    });
    const mirror = new Mirror();
    view.resync(
      {
        stage: [member("stays"), member("rises", { seat: 4 }), member("new")],
        audience: null,
        streams: [incoming("kept", 1), incoming("muted", 3, { paused: true }), incoming("fresh", 4)],
      },
      mirror.told,
    );
    expect(mirror.said).toEqual([
      "left goes",
      "changed rises",
      "joined new",
      "removed consumer of ended",
      "paused consumer of muted",
      "added consumer of fresh",
    ]);
  });

  test("without a subscription any more says nothing of streams: media comes anew", () => {
    const mirror = new Mirror();
    const view = new RoomView({ ...empty, streams: [incoming("s", 1)] });
    view.resync({ stage: [], audience: null }, mirror.told);
    expect(mirror.said).toEqual([]);
    view.replaceStreams([incoming("s", 9, { consumerId: "another" })]);
    view.resync({ ...empty, streams: [incoming("s", 9, { consumerId: "another" })] }, mirror.told);
    expect(mirror.said).toEqual([]);
  });

  test("counts what came by events before as known", () => {
    const mirror = new Mirror();
    const view = new RoomView({ ...empty, stage: [member("gone")] });
    view.note("memberLeft", { participantId: "gone" });
    view.note("memberJoined", { member: member("a") });
    view.note("memberChanged", { member: member("a", { seat: 5 }) });
    view.note("streamAdded", { stream: incoming("s", 1) });
    view.note("streamPaused", { consumerId: "consumer of s", paused: true });
    view.note("streamPaused", { consumerId: "of nothing", paused: true });
    view.note("streamAdded", { stream: incoming("t", 2) });
    view.note("streamRemoved", { consumerId: "consumer of t", streamId: "t" });
    view.note("draining", { deadlineMs: 1 });
    const now = { stage: [member("a", { seat: 5 })], audience: null };
    view.resync({ ...now, streams: [incoming("s", 1, { paused: true })] }, mirror.told);
    expect(mirror.said).toEqual([]);
  });

  test("is, after whatever changes, what the server says that it is, and is told once", () => {
    const place = fc.record({
      stage: fc
        .uniqueArray(fc.constantFrom("a", "b", "c", "d"))
        .chain((ids) => fc.tuple(...ids.map((id) => fc.nat(2).map((seat) => member(id, { seat }))))),
      audience: fc.constant(null),
      streams: fc
        .uniqueArray(fc.constantFrom("q", "r", "s", "t"))
        .chain((ids) =>
          fc.tuple(...ids.map((id) => fc.boolean().map((paused) => incoming(id, 1, { paused })))),
        ),
    });
    fc.assert(
      fc.property(place, fc.array(place, { maxLength: 4 }), (first, later) => {
        const view = new RoomView(first);
        const mirror = new Mirror();
        new RoomView(empty).resync(first, mirror.told);
        for (const answer of later) {
          view.resync(answer, mirror.told);
          expect([...mirror.members.values()]).toEqual(expect.arrayContaining([...answer.stage]));
          expect(mirror.members.size).toBe(answer.stage.length);
          expect([...mirror.streams.values()]).toEqual(expect.arrayContaining([...answer.streams]));
          expect(mirror.streams.size).toBe(answer.streams.length);
          const said = mirror.said.length;
          view.resync(answer, mirror.told);
          expect(mirror.said).toHaveLength(said);
        }
      }),
    );
  });
});
