import { afterEach, beforeEach, describe, expect, test, vi, type Mock } from "vitest";
import { joinAnswer, member } from "./_arrange.ts";
import { FakeSocket } from "./_fake-socket.ts";
import { ClientError } from "./errors.ts";
import type { Invitation } from "./invitation.ts";
import type { MemberKeys, SealedOut } from "./keys.ts";
import type { RoomMedia } from "./media.ts";
import { RoomClient } from "./room-client.ts";
import { noStats } from "./stats.ts";
import { Store } from "./store.ts";

const invitation: Invitation = {
  token: "the-token",
  participantId: "me",
  room: "panel",
  name: "Me",
  role: "listener",
  expiresAt: 0,
};

let store: Store;
let client: RoomClient;
/** One for each connection. */
let sockets: FakeSocket[];
let fetchTicket: Mock<(token: string) => Promise<string>>;
let media: ReturnType<typeof fakeMedia>;
let keys: ReturnType<typeof fakeKeys>;
let relay: (messages: SealedOut[]) => Promise<void>;

function fakeMedia() {
  return {
    begin: vi.fn<RoomMedia["begin"]>(async () => []),
    addStream: vi.fn<RoomMedia["addStream"]>(),
    removeStream: vi.fn<RoomMedia["removeStream"]>(),
    restart: vi.fn<RoomMedia["restart"]>(async () => []),
    resumed: vi.fn<RoomMedia["resumed"]>(async () => []),
    unmute: vi.fn<RoomMedia["unmute"]>(async () => undefined),
    mute: vi.fn<RoomMedia["mute"]>(async () => undefined),
    pause: vi.fn<RoomMedia["pause"]>(),
    stopSending: vi.fn<RoomMedia["stopSending"]>(),
    stats: vi.fn<RoomMedia["stats"]>(async () => noStats),
    close: vi.fn<RoomMedia["close"]>(),
  };
}

function fakeKeys() {
  return {
    publicKey: "the-public-key",
    joined: vi.fn<MemberKeys["joined"]>(),
    resumed: vi.fn<MemberKeys["resumed"]>(),
    memberHere: vi.fn<MemberKeys["memberHere"]>(),
    memberLeft: vi.fn<MemberKeys["memberLeft"]>(),
    placed: vi.fn<MemberKeys["placed"]>(),
    open: vi.fn<MemberKeys["open"]>(),
    close: vi.fn<MemberKeys["close"]>(),
  };
}

const last = (): FakeSocket => sockets.at(-1) ?? new FakeSocket();
/** Lets what is waiting for nothing but its turn go on. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

async function joinWith(answer = joinAnswer()): Promise<void> {
  void client.join(invitation);
  await settle();
  last().open();
  await settle();
  last().answer("join", answer);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  store = new Store();
  sockets = [];
  media = fakeMedia();
  keys = fakeKeys();
  fetchTicket = vi.fn<(token: string) => Promise<string>>(async () => "the-ticket");
  client = new RoomClient({
    store,
    fetchTicket,
    openSocket: () => {
      const fake = new FakeSocket();
      sockets.push(fake);
      return fake.socket;
    },
    createMedia: () => media,
    createKeys: (options) => {
      ({ relay } = options);
      return keys;
    },
    pause: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("joining", () => {
  test("shows a ticket and never the token, and brings keys and media up", async () => {
    await joinWith();
    expect(fetchTicket).toHaveBeenCalledWith("the-token");
    expect(last().last("join").body).toEqual({
      version: 1,
      ticket: "the-ticket",
      publicKey: "the-public-key",
      resumable: true,
      speakers: true,
    });
    expect(JSON.stringify(last().sent)).not.toContain("the-token");
    expect(keys.joined).toHaveBeenCalledOnce();
    expect(media.begin).toHaveBeenCalledOnce();
    expect(store.state.phase.kind).toBe("room");
  });

  test("waits in the lobby without media until admitted", async () => {
    await joinWith(joinAnswer({ waiting: true, stage: [] }));
    expect(store.state.phase.kind).toBe("lobby");
    expect(media.begin).not.toHaveBeenCalled();
    last().event("admitted", joinAnswer());
    await settle();
    expect(store.state.phase.kind).toBe("room");
    expect(media.begin).toHaveBeenCalledOnce();
  });

  test("that is refused leads back to the door, which says why, and leaves nothing behind", async () => {
    void client.join(invitation);
    await settle();
    last().open();
    await settle();
    last().refuse("join", "room-locked");
    await settle();
    expect(store.state.phase).toEqual({
      kind: "entry",
      problem: "The room is locked: nobody new is let in.",
    });
    expect([last().isClosed, media.close.mock.calls.length, keys.close.mock.calls.length]).toEqual([
      true,
      1,
      1,
    ]);
  });

  test("without a ticket opens no connection", async () => {
    fetchTicket.mockRejectedValueOnce(new ClientError("bad-token", "expired"));
    await client.join(invitation);
    expect(sockets).toHaveLength(0);
    expect(store.state.phase).toMatchObject({ kind: "entry", problem: expect.stringContaining("not valid") });
  });
});

describe("what the server tells", () => {
  test("of members and sealed bytes goes to the keys", async () => {
    await joinWith();
    const cleo = member("cleo", "speaker", 2);
    last().event("memberJoined", { member: cleo });
    last().event("sealed", { from: "ann", sealed: "AAAA" });
    last().event("memberLeft", { participantId: "cleo" });
    expect(keys.memberHere).toHaveBeenCalledWith(cleo);
    expect(keys.open).toHaveBeenCalledWith("ann", "AAAA");
    expect(keys.memberLeft).toHaveBeenCalledWith("cleo");
  });

  test("of our own seat goes to the keys, and to the audience goes no microphone", async () => {
    await joinWith(joinAnswer({ role: "speaker", seat: 1 }));
    last().event("memberChanged", { member: member("me", "listener") });
    expect(keys.placed).toHaveBeenCalledWith("listener", null, null);
    expect(keys.memberHere).not.toHaveBeenCalled();
    expect(media.stopSending).toHaveBeenCalledOnce();
  });

  test("of muting silences at once", async () => {
    await joinWith(joinAnswer({ role: "speaker", seat: 1 }));
    last().event("muted", { by: "ann" });
    expect(media.pause).toHaveBeenCalledOnce();
  });

  test("of lost media has it made anew", async () => {
    await joinWith();
    last().event("mediaRestart", { transportId: "t", direction: "receive" });
    expect(media.restart).toHaveBeenCalledWith({ transportId: "t", direction: "receive" });
  });

  test("of our removal ends all, and the closing connection is not come back from", async () => {
    await joinWith();
    last().event("removed", { reason: "kicked" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.state.phase).toEqual({ kind: "over", reason: "kicked" });
    expect(sockets).toHaveLength(1);
    expect(media.close).toHaveBeenCalledOnce();
  });

  test("that does not fit the protocol ends the stay, and says so", async () => {
    await joinWith();
    last().event("lobby", { waiting: "many" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.state.phase).toEqual({ kind: "over", reason: "disconnected" });
    expect(sockets).toHaveLength(1);
    expect(store.state.notices.at(-1)?.tone).toBe("bad");
  });
});

describe("a cut", () => {
  const resumeAnswer = {
    ...joinAnswer({ resumeToken: "second" }),
    transports: [],
    published: [],
    handRaised: false,
    stageInvitation: null,
  };

  async function reconnect(afterMs: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(afterMs);
    last().open();
    await settle();
  }

  test("is come back from with the token of the place, and media is held against what the server has", async () => {
    await joinWith();
    last().end();
    expect(store.state.connection).toBe("reconnecting");
    await reconnect(200);
    expect(last().last("resume").body).toEqual({ version: 1, resumeToken: "first" });
    last().answer("resume", resumeAnswer);
    await settle();
    expect(store.state.connection).toBe("online");
    expect(keys.resumed).toHaveBeenCalledOnce();
    expect(media.resumed).toHaveBeenCalledOnce();
    expect(fetchTicket).toHaveBeenCalledOnce();
  });

  test("after another is come back from with the newer token", async () => {
    await joinWith();
    last().end();
    await reconnect(200);
    last().answer("resume", resumeAnswer);
    await settle();
    last().end();
    await reconnect(200);
    expect(last().last("resume").body).toMatchObject({ resumeToken: "second" });
  });

  test("is tried again, more and more rarely, for as long as there is no connection", async () => {
    await joinWith();
    last().end();
    for (const pause of [200, 500, 1000, 2000, 4000, 4000]) {
      await vi.advanceTimersByTimeAsync(pause);
      last().end();
      await settle();
    }
    expect(sockets).toHaveLength(7);
    expect(store.state.connection).toBe("reconnecting");
  });

  test("whose place is gone is a new join, with a new ticket and new keys", async () => {
    await joinWith();
    last().end();
    await reconnect(200);
    last().refuse("resume", "cannot-resume");
    await settle();
    expect(fetchTicket).toHaveBeenCalledTimes(2);
    expect(keys.close).toHaveBeenCalledOnce();
    await reconnect(0);
    last().answer("join", joinAnswer());
    await settle();
    expect(store.state.phase.kind).toBe("room");
  });

  test("that nobody tells of is noticed by the silence, and come back from", async () => {
    await joinWith();
    const [first] = sockets;
    await vi.advanceTimersByTimeAsync(9900);
    expect(store.state.connection).toBe("online");
    await vi.advanceTimersByTimeAsync(200);
    expect([store.state.connection, first?.isClosed]).toEqual(["reconnecting", true]);
    await reconnect(200);
    last().answer("resume", resumeAnswer);
    await settle();
    expect(store.state.connection).toBe("online");
    expect(sockets).toHaveLength(2);
  });

  test("in the lobby is a new join", async () => {
    await joinWith(joinAnswer({ waiting: true }));
    last().end();
    await vi.advanceTimersByTimeAsync(200);
    expect(fetchTicket).toHaveBeenCalledTimes(2);
  });

  test.each([
    ["we were muted meanwhile", "live", true, "muted"],
    ["our muting was not heard", "muted", false, "muted"],
    ["nothing has changed", "live", false, "live"],
  ] as const)("is followed by agreement on muting: %s", async (_what, before, paused, wanted) => {
    await joinWith(joinAnswer({ role: "speaker", seat: 1 }));
    store.dispatch({ type: "microphone", microphone: before });
    last().end();
    await reconnect(200);
    const answer = { ...resumeAnswer, role: "speaker", seat: 1, published: [{ streamId: "s", paused }] };
    last().answer("resume", answer);
    await settle();
    expect(store.state.microphone).toBe(wanted);
    expect(media.pause.mock.calls.length).toBe(before === "live" && paused ? 1 : 0);
    expect(media.mute.mock.calls.length).toBe(before === "muted" ? 1 : 0);
  });
});

describe("what a person asks for", () => {
  test("and is refused is told, with when another try may do", async () => {
    await joinWith();
    const raised = client.requests.raiseHand();
    last().refuse("raiseHand", "too-many-requests", { retryAfterMs: 1200 });
    expect(await raised).toBe(false);
    expect(store.state.handRaised).toBe(false);
    expect(store.state.notices.at(-1)).toMatchObject({ tone: "bad", text: "Too fast. Try again in 2 s." });
  });

  test("a microphone that cannot be had is said, and can be tried again", async () => {
    await joinWith(joinAnswer({ role: "speaker", seat: 1 }));
    media.unmute.mockRejectedValueOnce(new ClientError("microphone", "there is no microphone"));
    await client.requests.unmute();
    expect(store.state.microphone).toBe("failed");
    expect(store.state.notices.at(-1)?.text).toBe("There is no microphone.");
    await client.requests.unmute();
    expect(store.state.microphone).toBe("live");
  });

  test("accepting the stage gives the keys the new seat", async () => {
    await joinWith();
    const accepted = client.requests.acceptStage();
    last().answer("acceptStage", { role: "speaker", seat: 3 });
    await accepted;
    expect(keys.placed).toHaveBeenCalledWith("speaker", 3, null);
    expect(store.state.me).toMatchObject({ role: "speaker", seat: 3 });
    // It may have to deal keys one day, and so gets to know all who listen.
    const [dan, eve] = [member("dan", "listener"), member("eve", "listener")];
    expect(last().last("listAudience").body).toEqual({ offset: 0, limit: 200 });
    last().answer("listAudience", { members: [dan], total: 2 });
    await settle();
    expect(last().last("listAudience").body).toEqual({ offset: 1, limit: 200 });
    last().answer("listAudience", { members: [eve], total: 2 });
    await settle();
    expect(keys.memberHere.mock.calls).toEqual([[dan], [eve]]);
    expect(store.state.audience).toEqual({ members: [dan, eve], total: 2 });
  });

  test("the keys' sealed bytes go to the server", async () => {
    await joinWith();
    const sent = relay([{ to: "ann", sealed: "AA" }]);
    expect(last().last("relay").body).toEqual({ messages: [{ to: "ann", sealed: "AA" }] });
    last().answer("relay", { missing: [] });
    await sent;
  });

  test("leaving ends all even when the server does not answer", async () => {
    await joinWith();
    const left = client.leave();
    await vi.advanceTimersByTimeAsync(10_000);
    await left;
    expect(store.state.phase).toEqual({ kind: "over", reason: "left" });
    expect(last().isClosed).toBe(true);
  });
});
