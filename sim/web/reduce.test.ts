import { describe, expect, test } from "vitest";
import type { EventBody, EventName } from "../protocol/signalling.ts";
import { joinAnswer, member } from "./_arrange.ts";
import { reduce, type Action } from "./reduce.ts";
import type { AnyEvent } from "./signalling.ts";
import { hostOf, initialState, isMuted, isTalking, nameOf, type State } from "./state.ts";

function after(state: State, ...actions: Action[]): State {
  return actions.reduce(reduce, state);
}

function event<Name extends EventName>(name: Name, body: EventBody<Name>): Action {
  return { type: "event", event: { name, body } as AnyEvent };
}

/** In the room, as a listener, with Ann as the host. */
const listening = after(
  initialState,
  { type: "join-begun" },
  { type: "joined", answer: joinAnswer(), name: "Me" },
);
/** On the stage beside her. */
const speaking = after(initialState, {
  type: "joined",
  name: "Me",
  answer: joinAnswer({
    role: "speaker",
    seat: 1,
    stage: [member("me", "speaker", 1), member("ann", "host", 0)],
  }),
});
const told = (state: State): string[] => state.notices.map(({ text }) => text);
const stream = {
  streamId: "s",
  participantId: "ann",
  consumerId: "c",
  paused: false,
  rtpParameters: { codecs: [{ mimeType: "audio/opus", payloadType: 100 }] },
};

describe("coming in", () => {
  test("goes by the door, joining, and the room", () => {
    expect(initialState.phase).toEqual({ kind: "entry", problem: null });
    expect(after(initialState, { type: "join-begun" }).phase).toEqual({ kind: "joining" });
    expect(listening.phase).toEqual({ kind: "room" });
    expect(listening.me).toEqual({ participantId: "me", name: "Me", role: "listener", seat: null });
  });

  test("may wait in the lobby, which says how many wait", () => {
    const answer = joinAnswer({ waiting: true, stage: [] });
    const waiting = after(
      initialState,
      { type: "joined", answer, name: "Me" },
      event("lobby", { waiting: 3 }),
    );
    expect(waiting.phase).toEqual({ kind: "lobby", waiting: 3 });
    expect(after(waiting, { type: "joined", answer: joinAnswer(), name: "Me" }).phase.kind).toBe("room");
  });

  test("that fails leads back to the door, which says why", () => {
    const failed = after(initialState, { type: "join-begun" }, { type: "join-failed", problem: "Full." });
    expect(failed.phase).toEqual({ kind: "entry", problem: "Full." });
  });

  test("anew brings nothing from the last time", () => {
    const again = after(speaking, { type: "over", reason: "kicked" }, { type: "join-begun" });
    expect({ ...again, nextNotice: 1 }).toEqual({ ...initialState, phase: { kind: "joining" } });
  });
});

describe("the stage", () => {
  test("is in the order of seats, whoever comes when", () => {
    const state = after(listening, event("memberJoined", { member: member("cleo", "speaker", 2) }));
    const later = after(state, event("memberJoined", { member: member("ben", "speaker", 1) }));
    expect(later.stage.map(({ participantId }) => participantId)).toEqual(["ann", "ben", "cleo"]);
    expect(told(later)).toEqual(["Cleo came to the stage.", "Ben came to the stage."]);
  });

  test("loses who leaves, with the streams", () => {
    const state = after(
      listening,
      event("streamAdded", { stream }),
      event("memberLeft", { participantId: "ann" }),
    );
    expect([state.stage, state.streams]).toEqual([[], []]);
    expect(hostOf(state)).toBeUndefined();
    expect(told(state)).toEqual(["The host, Ann, has left."]);
  });

  test("shows who is away until they are back", () => {
    const away = after(listening, event("memberAway", { participantId: "ann" }));
    expect(away.away).toEqual(["ann"]);
    expect(after(away, event("memberBack", { participantId: "ann" })).away).toEqual([]);
  });

  test("gives to the audience and takes from it", () => {
    const invited = after(
      listening,
      {
        type: "audience",
        page: { members: [member("me", "listener"), member("ben", "listener")], total: 2 },
      },
      event("memberChanged", { member: member("ben", "speaker", 1) }),
    );
    expect(invited.audience).toEqual({ members: [member("me", "listener")], total: 1 });
    const back = after(invited, event("memberChanged", { member: member("ben", "listener") }));
    expect(back.audience.total).toBe(2);
    expect(back.stage).toHaveLength(1);
    expect(told(back)).toEqual(["Ben came to the stage.", "Ben went to the audience."]);
  });

  test("tells a change of roles and does not count the audience anew for it", () => {
    const state = after(speaking, event("memberChanged", { member: member("ann", "moderator", 0) }));
    expect(state.audience.total).toBe(1);
    expect(told(state)).toEqual(["Ann is a moderator now."]);
  });
});

describe("who is heard", () => {
  const heard = after(
    listening,
    event("streamAdded", { stream }),
    event("speakers", { dominant: "ann", talking: [{ participantId: "ann", levelDbov: 30 }] }),
  );

  test("is who has a stream that is not paused", () => {
    expect(isMuted(listening, "ann")).toBe(true);
    expect(isMuted(heard, "ann")).toBe(false);
    const paused = after(heard, event("streamPaused", { consumerId: "c", paused: true }));
    expect([isMuted(paused, "ann"), isTalking(paused, "ann")]).toEqual([true, false]);
  });

  test("talks as the server tells, until all are silent", () => {
    expect(isTalking(heard, "ann")).toBe(true);
    expect(isTalking(after(heard, event("speakers", { dominant: null, talking: [] })), "ann")).toBe(false);
  });

  test("does not count twice when a stream is told twice", () => {
    expect(after(heard, event("streamAdded", { stream })).streams).toHaveLength(1);
  });

  test("is nobody whose name is that of a thing of the language", () => {
    expect(isTalking(heard, "constructor")).toBe(false);
  });

  test("of ourselves is what the microphone is", () => {
    expect(isMuted(speaking, "me")).toBe(true);
    expect(isMuted(after(speaking, { type: "microphone", microphone: "live" }), "me")).toBe(false);
  });
});

describe("our own place", () => {
  test("on the stage comes without a raised hand, and an invitation is done with", () => {
    const invited = after(listening, { type: "hand", raised: true }, event("stageInvitation", { by: "ann" }));
    expect(invited.invitedBy).toBe("ann");
    const up = after(invited, { type: "placed", role: "speaker", seat: 4 });
    expect(up).toMatchObject({ me: { role: "speaker", seat: 4 }, handRaised: false, invitedBy: null });
  });

  test("in the audience comes without a microphone", () => {
    const live = after(speaking, { type: "microphone", microphone: "live" });
    const down = after(live, event("memberChanged", { member: member("me", "listener") }));
    expect(down).toMatchObject({ me: { role: "listener", seat: null }, microphone: "off" });
    expect(down.stage.map(({ participantId }) => participantId)).toEqual(["ann"]);
  });

  test("changed by another is told with the other's name", () => {
    const state = after(
      speaking,
      event("roleChanged", { role: "listener", seat: null, by: "ann", audience: null }),
    );
    expect(told(state)).toEqual(["Ann changed your role: you are in the audience now."]);
  });

  test("as host brings the audience", () => {
    const audience = [member("dan", "listener"), member("eve", "listener")];
    const state = after(
      speaking,
      { type: "info", info: { claimant: "me", audienceSize: 9 } },
      event("roleChanged", { role: "host", seat: 1, by: "me", audience }),
    );
    expect(state).toMatchObject({ audience: { members: audience, total: 2 }, claimant: null });
    expect(told(state)).toEqual(["You took over: you are the host now."]);
  });
});

describe("muting", () => {
  const live = after(speaking, { type: "microphone", microphone: "live" });

  test("by another closes an open microphone, and no other", () => {
    const muted = after(live, event("muted", { by: "ann" }));
    expect([muted.microphone, told(muted)]).toEqual(["muted", ["Ann muted you."]]);
    expect(after(speaking, event("muted", { by: "ann" })).microphone).toBe("off");
  });

  test("asks to be undone until that is done", () => {
    const asked = after(live, event("muted", { by: "ann" }), event("unmuteAsked", { by: "ann" }));
    expect(asked.unmuteAskedBy).toBe("ann");
    expect(after(asked, { type: "microphone", microphone: "live" }).unmuteAskedBy).toBeNull();
  });
});

describe("hands", () => {
  test("of others are shown as told, in order", () => {
    const hands = [
      { participantId: "x", name: "X" },
      { participantId: "a", name: "A" },
    ];
    expect(after(speaking, event("handsChanged", { hands })).hands).toEqual(hands);
  });

  test("of ours may be lowered by another", () => {
    const state = after(listening, { type: "hand", raised: true }, event("handLowered", { by: "ann" }));
    expect([state.handRaised, told(state)]).toEqual([false, ["Ann lowered your hand."]]);
  });
});

describe("the room", () => {
  const room = joinAnswer().room;
  if (room === undefined) throw new Error("a room");

  test("changes as told, and says when it is locked", () => {
    const locked = after(listening, event("roomChanged", { room: { ...room, locked: true } }));
    expect(locked.room?.locked).toBe(true);
    const open = after(locked, event("roomChanged", { room }));
    expect(told(open)).toEqual(["The room is locked now.", "The room is open again."]);
  });

  test("says that the server stops", () => {
    const state = after(listening, event("draining", { deadlineMs: 90_400 }));
    expect(state.drainingMs).toBe(90_400);
    expect(told(state)).toEqual(["The server is about to stop: the room ends in 91 s."]);
  });

  test("once over keeps who we were and why it ended, and nothing else", () => {
    const state = after(speaking, { type: "over", reason: "banned" });
    expect(state.phase).toEqual({ kind: "over", reason: "banned" });
    expect(state.me?.name).toBe("Me");
    expect([state.stage, state.streams, state.microphone]).toEqual([[], [], "off"]);
  });
});

describe("a connection", () => {
  test("that is lost and resumed brings what happened meanwhile", () => {
    const lost = after(speaking, { type: "connection-lost" });
    expect(lost.connection).toBe("reconnecting");
    const { resumeToken = "", ...standing } = joinAnswer({
      role: "listener",
      stage: [member("ann", "host", 0), member("cleo", "speaker", 5)],
      hands: [],
    });
    const answer = {
      ...standing,
      resumeToken,
      transports: [],
      published: [],
      handRaised: true,
      stageInvitation: "ann",
    };
    expect(after(lost, { type: "resumed", answer })).toMatchObject({
      connection: "online",
      me: { role: "listener", seat: null },
      microphone: "off",
      handRaised: true,
      invitedBy: "ann",
      stage: [{ participantId: "ann" }, { participantId: "cleo" }],
    });
  });
});

describe("notices", () => {
  const notice = (text: string): Action => ({ type: "notice", tone: "info", text });

  test("have numbers of their own, and only the last four are shown", () => {
    const state = after(listening, ...["1", "2", "3", "4", "5"].map(notice));
    expect(told(state)).toEqual(["2", "3", "4", "5"]);
    expect(new Set(state.notices.map(({ id }) => id)).size).toBe(4);
  });

  test("go one by one", () => {
    const state = after(listening, notice("1"), notice("2"));
    const [first] = state.notices;
    expect(told(after(state, { type: "notice-gone", id: first?.id ?? 0 }))).toEqual(["2"]);
  });
});

test("a ban is remembered once, until it is lifted", () => {
  const banned: Action = { type: "banned", participantId: "dan", name: "Dan" };
  const state = after(listening, banned, banned);
  expect(state.banned).toEqual([{ participantId: "dan", name: "Dan" }]);
  expect(after(state, { type: "unbanned", participantId: "dan" }).banned).toEqual([]);
});

test("who is not known goes by the id", () => {
  expect([nameOf(listening, "ann"), nameOf(listening, "me"), nameOf(listening, "zoe")]).toEqual([
    "Ann",
    "Me",
    "zoe",
  ]);
});
