import { once } from "node:events";
import type { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SessionError } from "../../participant/errors.ts";
import { MediaConnection } from "../../participant/media-connection.ts";
import { Pacer } from "../../participant/pacer.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { Speaker, type SpeakerOptions } from "../../participant/speaker.ts";
import type { RemoteTransport, Target } from "../../participant/target.ts";
import { startServer, TestClient, testSecret } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { Histogram } from "../../util/histogram.ts";
import { createRandom } from "../../util/random.ts";

let server: RoomServer;
let rooms = 0;
let room = "";
/** Threads begun since the test did. */
let threads: Worker[] = [];
const noteThread = (worker: Worker): void => {
  threads.push(worker);
};

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});
beforeEach(() => {
  room = `room-${rooms++}`;
  threads = [];
  process.on("worker", noteThread);
});
afterEach(() => {
  process.off("worker", noteThread);
});

const target = (): Target => createSoundcheckTarget({ url: server.url, room, tokenSecret: testSecret });

function options(index: number, more: Partial<SpeakerOptions> = {}): SpeakerOptions {
  return {
    index,
    accountId: `speaker-${index}`,
    name: `Speaker ${index}`,
    target: target(),
    source: undefined,
    talkStartMs: systemClock.now(),
    suite: "AES_128_GCM_SHA256_128",
    rekeyWindowMs: 1000,
    joinTimeoutMs: 5000,
    wallOffsetMs: measureWallOffsetMs(),
    bindAddress: "127.0.0.1",
    pacer: new Pacer({ clock: systemClock, lateness: new Histogram() }),
    clock: systemClock,
    random: createRandom(`speaker ${index}`),
    encryptCost: new Histogram(),
    overhead: new Histogram(),
    onBroken: () => undefined,
    ...more,
  };
}

/** Who is on the stage, as the server tells a newcomer. */
async function stageNow(): Promise<string[]> {
  const { client, joined } = await TestClient.join(server, { id: `look-${rooms++}`, role: "listener", room });
  client.close();
  return joined.stage.map(({ participantId }) => participantId);
}

/** A thread that has ended has no id any more. */
const running = (): Worker[] => threads.filter(({ threadId }) => threadId !== -1);

describe("a host", () => {
  test("that joins deals keys in a thread of its own, which ends with it", async () => {
    const host = await Speaker.join(options(0));
    expect(running()).toHaveLength(1);
    expect(await stageNow()).toEqual(["speaker-0"]);
    await host.leave();
    expect(running()).toHaveLength(0);
    expect(await stageNow()).toEqual([]);
  });

  test("that may not publish leaves no thread, no session and no timer that ticks", async () => {
    const refusal = new SessionError("refused", "forbidden: not now");
    const refusing: Target = {
      join: async (joining, events) => ({
        ...(await target().join(joining, events)),
        publish: () => Promise.reject(refusal),
      }),
    };
    let ticks = 0;
    const source = {
      next: () => {
        ticks++;
        return { kind: "silence" as const };
      },
    };
    await expect(Speaker.join(options(0, { target: refusing, source }))).rejects.toBe(refusal);
    expect(threads).toHaveLength(1);
    expect(running()).toHaveLength(0);
    await expect.poll(stageNow).toEqual([]);
    expect(ticks).toBe(0);
  });

  test("that is removed while it joins fails at once, for that reason, and leaves no thread", async () => {
    const removing: Target = {
      join: async (joining, events) => {
        const session = await target().join(joining, events);
        return {
          ...session,
          publish: async (publish) => {
            const published = await session.publish(publish);
            events.ended({ kind: "removed", message: "removed by the server: kicked" });
            return published;
          },
        };
      },
    };
    await expect(Speaker.join(options(0, { target: removing }))).rejects.toMatchObject({
      failure: "removed",
      message: "removed by the server: kicked",
    });
    expect(running()).toHaveLength(0);
    await expect.poll(stageNow).toEqual([]);
  });

  test("that closes twice, after leaving, does no harm", async () => {
    const host = await Speaker.join(options(0));
    await Promise.all([host.leave(), host.leave()]);
    host.close();
    host.close();
    expect(running()).toHaveLength(0);
  });
});

describe("a speaker", () => {
  test("without a host has no key to speak under: it does not speak in clear, it fails", async () => {
    await expect(Speaker.join(options(1, { joinTimeoutMs: 1000 }))).rejects.toMatchObject({
      failure: "protocol",
      message: "no key came from the host in time",
    });
    await expect.poll(stageNow).toEqual([]);
  });

  test("gets the host's key, whichever of them comes first", async () => {
    const [early, host] = await Promise.all([Speaker.join(options(1)), Speaker.join(options(0))]);
    const late = await Speaker.join(options(2));
    expect((await stageNow()).toSorted()).toEqual(["speaker-0", "speaker-1", "speaker-2"]);
    await Promise.all([early, late, host].map((speaker) => speaker.leave()));
  });

  test("whose connection breaks tells it once", async () => {
    const broken: string[] = [];
    const host = await Speaker.join(
      options(0, {
        onBroken: ({ failure, message }) => {
          broken.push(`${failure}: ${message}`);
        },
      }),
    );
    // The same account joins again: the server lets the first one go.
    const { client } = await TestClient.join(server, { id: "speaker-0", role: "host", room });
    await expect.poll(() => broken).toEqual(["removed: removed by the server: replaced"]);
    host.close();
    await expect.poll(running).toEqual([]);
    expect(broken).toHaveLength(1);
    client.close();
  });
});

describe("a media connection", () => {
  const fingerprint = Array.from({ length: 32 }, () => "AB").join(":");
  const remote = (more: Partial<RemoteTransport> = {}): RemoteTransport => ({
    transportId: "t",
    iceParameters: { usernameFragment: "someufrag", password: "somepasswordofenoughlength", iceLite: true },
    iceCandidates: [
      { foundation: "udp", priority: 1, ip: "127.0.0.1", protocol: "udp", port: 9, type: "host" },
    ],
    dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: fingerprint }] },
    ...more,
  });
  const connection = (): Promise<MediaConnection> =>
    MediaConnection.create({
      name: "test",
      direction: "receive",
      bindAddress: "127.0.0.1",
      onPacket: () => undefined,
      onLost: () => {
        throw new Error("lost what was never connected");
      },
    });

  test("offers its own fingerprint", async () => {
    const media = await connection();
    expect(media.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/i);
    media.close();
  });

  test("to nobody ends with the signal, and says that ICE did not complete", async () => {
    const media = await connection();
    await expect(media.connect(remote(), AbortSignal.timeout(100))).rejects.toMatchObject({
      failure: "ice",
      message: "ICE did not complete in time",
    });
    media.close();
  });

  test("does not begin when the signal came first", async () => {
    const media = await connection();
    await expect(media.connect(remote(), AbortSignal.abort())).rejects.toMatchObject({ failure: "ice" });
    media.close();
  });

  test("that is closed meanwhile says so, and may be closed twice", async () => {
    const media = await connection();
    const connecting = media.connect(remote(), AbortSignal.timeout(5000));
    media.close();
    media.close();
    await expect(connecting).rejects.toMatchObject({ failure: "disconnected" });
  });

  test.each<[string, Partial<RemoteTransport>]>([
    [
      "a fingerprint that is none",
      { dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: "none" }] } },
    ],
    ["a line break in the password", { iceParameters: { usernameFragment: "u", password: "p\r\na=x" } }],
    ["no SHA-256 fingerprint", { dtlsParameters: { fingerprints: [{ algorithm: "sha-1", value: "AB" }] } }],
  ])("with %s is refused as the server's fault", async (_what, more) => {
    const media = await connection();
    await expect(media.connect(remote(more), AbortSignal.timeout(2000))).rejects.toMatchObject({
      failure: "protocol",
    });
    media.close();
  });
});

test("a thread's id tells whether it has ended", async () => {
  const { Worker: Thread } = await import("node:worker_threads");
  const thread = new Thread("setInterval(() => undefined, 1000)", { eval: true });
  await once(thread, "online");
  expect(running()).toEqual([thread]);
  await thread.terminate();
  expect(running()).toEqual([]);
});
