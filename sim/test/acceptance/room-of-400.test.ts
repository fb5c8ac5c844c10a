/** 2 speakers to 400 listeners, 40,000 packets a second, encrypted, every packet observed: the size that node-datachannel is meant to serve. */
import { beforeAll, describe, expect, test } from "vitest";
import { harnessLimits } from "../../verdict/harness-limits.ts";
import { benchRoom, type RoomFigures } from "../bench/room-bench.ts";

const talkMs = 15_000;
const room = { listeners: 400, speakers: 2 };

describe("a room of 400 listeners and 2 speakers who never pause", () => {
  let counted: RoomFigures;
  let bare: RoomFigures;
  beforeAll(async () => {
    counted = await benchRoom({ ...room, suite: "AES_128_GCM_SHA256_128", seed: "1", bare: false }, talkMs);
    bare = await benchRoom({ ...room, suite: null, seed: "1", bare: true }, talkMs);
  }, 180_000);

  test("loses nothing", () => {
    expect(counted.account?.expected).toBeGreaterThan(room.listeners * room.speakers * 50 * (talkMs / 1000));
    expect(counted.account?.lost).toBe(0);
  });

  test("keeps the harness within its limits", () => {
    expect(counted.lateSendP99Ms).toBeLessThan(harnessLimits["late-send-p99"].limit * 1000);
    expect(counted.eventLoopP99Ms).toBeLessThan(harnessLimits["event-loop-p99"].limit * 1000);
  });

  // The best-known peer takes 11 to 16 µs at the server and 15 to 21 µs at its tester, unencrypted and uncounted.
  test("costs little more than bare node-datachannel, in the same run", () => {
    expect(counted.audienceMicroseconds / bare.audienceMicroseconds).toBeLessThan(1.4);
    expect(counted.workerMicroseconds / bare.workerMicroseconds).toBeLessThan(1.25);
    expect(counted.decryptMicroseconds).toBeLessThan(bare.audienceMicroseconds / 5);
  });

  test("takes less than 1 MB a listener in all", () => {
    const { audience, worker, server } = counted.memoryKiB;
    expect(audience + worker + server).toBeLessThan(1000);
  });
});
