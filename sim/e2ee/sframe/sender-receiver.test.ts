import { describe, expect, test } from "vitest";

import { E2eeError } from "../errors.ts";
import { decodeSFrameHeader } from "./header.ts";
import { deriveSFrameKey } from "./key.ts";
import type { SFrameKey } from "./key.ts";
import { SFrameReceiver } from "./receiver.ts";
import { nodeEngine } from "./node-engine.ts";
import { windowEngine } from "./window-engine.ts";
import { SFrameSender, sealFrame } from "./sender.ts";

const frame = Uint8Array.of(1, 2, 3);

function keyOf(kid: number): SFrameKey {
  return deriveSFrameKey({ suite: "AES_128_GCM_SHA256_128", kid, baseKey: new Uint8Array(16) });
}

describe("a sender", () => {
  test("counts up from its first counter and never repeats one", () => {
    const sender = new SFrameSender(keyOf(1), { firstCounter: 5 });
    const counters = Array.from({ length: 300 }, () => decodeSFrameHeader(sender.encrypt(frame))?.ctr);
    expect(counters).toEqual(Array.from({ length: 300 }, (_, index) => 5 + index));
  });

  test("refuses past its limit, again and again", () => {
    const sender = new SFrameSender(keyOf(1), { counterLimit: 2 });
    sender.encrypt(frame);
    sender.encrypt(frame);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => sender.encrypt(frame)).toThrow(expect.objectContaining({ code: "counter-exhausted" }));
    }
  });

  test("is the only one of its key: a second would use its counters again", () => {
    const key = keyOf(1);
    const sender = new SFrameSender(key);
    expect(() => new SFrameSender(key)).toThrow(E2eeError);
    expect(sender.kid).toBe(1);
  });

  test("does not start beyond what a number holds exactly", () => {
    expect(() => new SFrameSender(keyOf(1), { counterLimit: 2 ** 53 })).toThrow(RangeError);
    expect(() => new SFrameSender(keyOf(1), { firstCounter: -1 })).toThrow(RangeError);
  });
});

describe("a receiver", () => {
  test("takes a frame once", () => {
    const key = keyOf(1);
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    const message = sealFrame(key, 3, frame);
    expect(receiver.decrypt(message).kind).toBe("ok");
    expect(receiver.decrypt(message)).toEqual({ kind: "refused", cause: "replay" });
  });

  test("takes late frames up to 127 counters behind the newest and refuses them from 128 on", () => {
    const key = keyOf(1);
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    receiver.decrypt(sealFrame(key, 1000, frame));
    expect(receiver.decrypt(sealFrame(key, 873, frame)).kind).toBe("ok");
    expect(receiver.decrypt(sealFrame(key, 872, frame))).toEqual({ kind: "refused", cause: "replay" });
  });

  test("does not move its window for a forged frame", () => {
    const key = keyOf(1);
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    const forged = Uint8Array.from(sealFrame(key, 1_000_000, frame));
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    expect(receiver.decrypt(forged)).toEqual({ kind: "refused", cause: "authentication" });
    expect(receiver.decrypt(sealFrame(key, 0, frame)).kind).toBe("ok");
  });

  test("keeps one window a key", () => {
    const keys = [keyOf(1), keyOf(2)];
    const receiver = new SFrameReceiver();
    for (const key of keys) receiver.addKey(key);
    for (const key of keys) expect(receiver.decrypt(sealFrame(key, 9, frame)).kind).toBe("ok");
  });

  test("shares a key with other receivers, each with its own window", () => {
    const key = keyOf(1);
    const message = sealFrame(key, 9, frame);
    for (let listener = 0; listener < 3; listener++) {
      const receiver = new SFrameReceiver();
      receiver.addKey(key);
      expect(receiver.decrypt(message).kind).toBe("ok");
    }
  });

  test("keeps the window when a known KID is added again", () => {
    const key = keyOf(1);
    const receiver = new SFrameReceiver();
    expect(receiver.addKey(key)).toBe(true);
    const message = sealFrame(key, 9, frame);
    receiver.decrypt(message);
    expect(receiver.addKey(keyOf(1))).toBe(false);
    expect(receiver.decrypt(message)).toEqual({ kind: "refused", cause: "replay" });
  });

  test("knows a key until it is removed", () => {
    const key = keyOf(1);
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    expect(receiver.hasKey(1n)).toBe(true);
    expect(receiver.removeKey(1n)).toBe(true);
    expect(receiver.removeKey(1)).toBe(false);
    expect(receiver.decrypt(sealFrame(key, 9, frame))).toEqual({ kind: "refused", cause: "unknown-key" });
  });
});

test.each([nodeEngine, windowEngine])(
  "a receiver with 300 and with 600 keys opens each speaker's frames, whoever speaks ($name)",
  (engine) => {
    for (const count of [300, 600]) {
      const keys = Array.from({ length: count }, (_, kid) =>
        deriveSFrameKey({
          suite: "AES_128_GCM_SHA256_128",
          kid,
          baseKey: new Uint8Array(16).fill(kid % 251),
          engine,
        }),
      );
      const senders = keys.map((key) => new SFrameSender(key));
      const receiver = new SFrameReceiver();
      for (const key of keys) receiver.addKey(key);
      const content = Uint8Array.of(1, 2, 3);
      for (let round = 0; round < 5; round++) {
        for (const sender of senders) {
          expect(receiver.decrypt(sender.encrypt(content)).kind).toBe("ok");
        }
      }
    }
  },
);
