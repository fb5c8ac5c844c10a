import { describe, expect, test, vi } from "vitest";
import type { Member } from "../protocol/signalling.ts";
import { systemClock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import { SessionError } from "./errors.ts";
import { zeroCounts, type ListenerEngine, type ListenerMedia } from "./listener-engine.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import type { JoinOptions, TargetEvents, TargetSession } from "./target.ts";

const speaker: Member = { participantId: "ada", name: "Ada", role: "speaker", seat: 1, publicKey: null };

/** Engine, media and target in one, noting what is done to them. */
class World {
  readonly log: string[] = [];
  events: TargetEvents | undefined;
  joining: JoinOptions | undefined;
  lost: ((message: string) => void) | undefined;
  connect: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();
  join: () => Promise<void> = () => Promise.resolve();
  leave: () => Promise<void> = () => Promise.resolve();
  reconnect: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  readonly media: ListenerMedia = {
    fingerprint: "AB:CD",
    peer: { address: "127.0.0.1", port: 2 },
    connect: (_remote, signal) => this.connect(signal),
    reopen: () => {
      this.log.push("reopen");
      return Promise.resolve();
    },
    addStream: ({ streamId }) => this.log.push(`add ${streamId}`),
    removeStream: (consumerId) => this.log.push(`remove ${consumerId}`),
    pauseStream: (consumerId, paused) => this.log.push(`pause ${consumerId} ${paused}`),
    addKey: ({ kid }) => this.log.push(`key ${kid}`),
    dropKeys: (generation) => this.log.push(`drop ${generation}`),
    takeDigest: () => ({ counts: zeroCounts(), samples: [], firstSoundMs: null }),
    finish: () => {
      this.log.push("finish");
      return Promise.resolve({ ...zeroCounts(), expected: 3, received: 3 });
    },
    mouthToEarP99Seconds: () => null,
    isDeaf: () => false,
    close: () => this.log.push("media closed"),
  };

  readonly engine: ListenerEngine = {
    name: "none",
    open: ({ onLost }) => {
      this.lost = onLost;
      return Promise.resolve(this.media);
    },
    recordSent: () => undefined,
    counts: zeroCounts(),
    mouthToEar: new Histogram(),
    pathDelay: new Histogram(),
    decryptCost: new Histogram(),
    report: () => {
      throw new Error("not asked here");
    },
    close: () => Promise.resolve(),
  };

  options(more: Partial<ListenerOptions> = {}): ListenerOptions {
    return {
      index: 4,
      accountId: "listener-4",
      name: "Lea",
      engine: this.engine,
      suite: "AES_128_GCM_SHA256_128",
      joinTimeoutMs: 60_000,
      clock: systemClock,
      onBroken: ({ failure }) => this.log.push(`broken: ${failure}`),
      target: {
        join: async (joining, events) => {
          this.joining = joining;
          this.events = events;
          await this.join();
          return this.session;
        },
      },
      ...more,
    };
  }

  readonly session: TargetSession = {
    participantId: "listener-4",
    roomId: "room",
    seat: null,
    stage: [speaker],
    audience: [],
    transport: {
      transportId: "t",
      iceParameters: { usernameFragment: "u", password: "p" },
      iceCandidates: [],
      dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: "AB" }] },
    },
    streams: [
      { streamId: "s", participantId: "ada", consumerId: "c", paused: false, rtpParameters: { codecs: [] } },
    ],
    peer: { address: "127.0.0.1", port: 1 },
    publish: () => Promise.reject(new Error("listeners do not publish")),
    reconnect: async (fingerprint, signal) => {
      this.log.push(`reconnect ${fingerprint}`);
      await this.reconnect(signal);
      const { transport, streams } = this.session;
      return { transport, streams: streams.map((stream) => ({ ...stream, consumerId: "another" })) };
    },
    relay: () => Promise.resolve(),
    leave: () => {
      this.log.push("leave");
      return this.leave();
    },
    close: () => this.log.push("session closed"),
  };
}

/** Until the signal, as media that never connects. */
function never(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(new SessionError("ice", "ICE did not complete in time"));
    });
  });
}

describe("a join", () => {
  test("that succeeds knows the streams that were there, and asks to receive with a key of its own", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    expect(world.log).toEqual(["add s"]);
    expect(world.joining).toMatchObject({ role: "listener", direction: "receive", fingerprint: "AB:CD" });
    expect(world.joining?.publicKey?.length).toBe(32);
    expect(listener.peers).toEqual({ signalling: world.session.peer, media: world.media.peer });
    listener.close();
  });

  test("without encryption has no key", async () => {
    const world = new World();
    const listener = await Listener.join(world.options({ suite: undefined }));
    expect(world.joining?.publicKey).toBeUndefined();
    listener.close();
  });

  test("that the target refuses closes the media that was opened for it", async () => {
    const world = new World();
    const refusal = new SessionError("refused", "room-full: the room is full");
    world.join = () => Promise.reject(refusal);
    await expect(Listener.join(world.options())).rejects.toBe(refusal);
    expect(world.log).toEqual(["media closed"]);
  });

  test("whose media does not connect closes media and session", async () => {
    const world = new World();
    const failure = new SessionError("dtls", "DTLS failed");
    world.connect = () => Promise.reject(failure);
    await expect(Listener.join(world.options())).rejects.toBe(failure);
    expect(world.log).toEqual(["add s", "session closed", "media closed"]);
  });

  test("whose time is over ends", async () => {
    const world = new World();
    world.connect = never;
    await expect(Listener.join(world.options({ joinTimeoutMs: 5 }))).rejects.toMatchObject({
      failure: "ice",
    });
    expect(world.log).toEqual(["add s", "session closed", "media closed"]);
  });

  test("that the server breaks off ends at once, for the reason that the server gave", async () => {
    const world = new World();
    world.connect = (signal) => {
      queueMicrotask(() =>
        world.events?.ended({ kind: "removed", message: "removed by the server: room-ended" }),
      );
      return never(signal);
    };
    await expect(Listener.join(world.options())).rejects.toMatchObject({
      failure: "removed",
      message: "removed by the server: room-ended",
    });
    expect(world.log).toEqual(["add s", "session closed", "media closed"]);
  });
});

describe("a session", () => {
  test("passes on what the room tells of streams", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.log.length = 0;
    world.events?.streamAdded({
      streamId: "t",
      participantId: "bob",
      consumerId: "d",
      paused: false,
      rtpParameters: { codecs: [] },
    });
    world.events?.streamPaused("d", true);
    world.events?.streamRemoved("c");
    expect(world.log).toEqual(["add t", "pause d true", "remove c"]);
    listener.close();
  });

  test("that breaks is told once, whatever follows", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.log.length = 0;
    world.events?.ended({ kind: "removed", message: "kicked" });
    world.lost?.("media connection closed");
    world.events?.ended({ kind: "disconnected", message: "gone" });
    expect(world.log).toEqual(["broken: removed"]);
    expect(await listener.abandon()).toMatchObject({ expected: 3 });
    expect(world.log.slice(1)).toEqual(["session closed", "finish", "session closed", "media closed"]);
  });

  test("that is left lets the last packets arrive before it goes, and is not broken by its end", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.log.length = 0;
    const leaving = listener.leave();
    world.lost?.("media connection closed");
    world.events?.ended({ kind: "disconnected", message: "gone" });
    expect(await leaving).toMatchObject({ expected: 3, received: 3 });
    expect(world.log).toEqual(["finish", "leave", "session closed", "media closed"]);
  });

  test("is broken when the server does not take the leave, and closed all the same", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.leave = () => Promise.reject(new SessionError("unreachable", "no answer to leave in time"));
    expect(await listener.leave()).toMatchObject({ expected: 3 });
    expect(world.log.slice(-3)).toEqual(["broken: unreachable", "session closed", "media closed"]);
  });
});

describe("media that the server loses", () => {
  test("is made anew in the same session: another connection, the streams by new consumers", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.log.length = 0;
    world.events?.mediaLost();
    await vi.waitFor(() => {
      expect(listener.restarts).toBe(1);
    });
    expect(world.log).toEqual(["reopen", "reconnect AB:CD", "add s"]);
    listener.close();
  });

  test("is tried for again until it is there", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    let attempts = 0;
    world.reconnect = () =>
      ++attempts < 3 ? Promise.reject(new SessionError("refused", "not yet")) : Promise.resolve();
    world.events?.mediaLost();
    await vi.waitFor(() => {
      expect(listener.restarts).toBe(1);
    });
    expect(attempts).toBe(3);
    expect(world.log).not.toContain("broken: refused");
    listener.close();
  });

  test("and loses again on the way back comes back once, by the last way", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    world.log.length = 0;
    let first = true;
    world.connect = (signal) => {
      const wasFirst = first;
      first = false;
      if (!wasFirst) return Promise.resolve();
      queueMicrotask(() => world.events?.mediaLost());
      return never(signal);
    };
    world.events?.mediaLost();
    await vi.waitFor(() => {
      expect(listener.restarts).toBe(1);
    });
    expect(world.log.filter((entry) => entry === "reopen")).toHaveLength(2);
    listener.close();
  });

  test("and that does not come back in time breaks the session", async () => {
    const world = new World();
    const listener = await Listener.join(world.options({ joinTimeoutMs: 20 }));
    world.connect = never;
    world.events?.mediaLost();
    await vi.waitFor(() => {
      expect(world.log).toContain("broken: ice");
    });
    expect(listener.restarts).toBe(0);
    listener.close();
  });

  test("before the join is through fails the join at once", async () => {
    const world = new World();
    world.connect = (signal) => {
      queueMicrotask(() => world.events?.mediaLost());
      return never(signal);
    };
    await expect(Listener.join(world.options())).rejects.toMatchObject({ failure: "disconnected" });
    expect(world.log).toEqual(["add s", "session closed", "media closed"]);
  });

  test("after we have left is left alone", async () => {
    const world = new World();
    const listener = await Listener.join(world.options());
    await listener.leave();
    world.log.length = 0;
    world.events?.mediaLost();
    await Promise.resolve();
    expect(world.log).toEqual([]);
  });
});
