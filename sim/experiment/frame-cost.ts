/** What SFrame costs a frame, by itself: CPU time of many frames in this process. */
import { randomBytes } from "node:crypto";
import type { Engine } from "../e2ee/sframe/engine.ts";
import { deriveSFrameKey, type SFrameKey } from "../e2ee/sframe/key.ts";
import { nodeEngine } from "../e2ee/sframe/node-engine.ts";
import { SFrameReceiver } from "../e2ee/sframe/receiver.ts";
import { sealFrame } from "../e2ee/sframe/sender.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";

/** As long as a mean frame of Opus at 32 kbit/s. */
export const benchFrame = randomBytes(80);
export const framesATurn = 20_000;
export const turns = 5;

export type FrameJob = {
  /** What a turn needs and is not measured. */
  prepare(): void;
  run(): void;
};

/** CPU time in µs of one frame: the least of some turns, since what else the machine does only adds to it. */
export function microsecondsAFrame(jobs: readonly FrameJob[]): number[] {
  const least = jobs.map(() => Infinity);
  // Turn about, so that a noisy spell meets all of them; the first turn warms up.
  for (let turn = 0; turn <= turns; turn++) {
    jobs.forEach((job, index) => {
      job.prepare();
      const before = process.cpuUsage();
      job.run();
      const { user, system } = process.cpuUsage(before);
      if (turn > 0) least[index] = Math.min(least[index] ?? Infinity, (user + system) / framesATurn);
    });
  }
  return least;
}

function keysOf(suite: CipherSuiteName, engine: Engine, count: number): SFrameKey[] {
  return Array.from({ length: count }, (_, kid) =>
    deriveSFrameKey({ suite, kid, baseKey: new Uint8Array(16).fill(kid), engine }),
  );
}

/** Speakers take turns, each with its next counter. */
export function encryption(suite: CipherSuiteName, engine: Engine, speakers: number): FrameJob {
  const keys = keysOf(suite, engine, speakers);
  let ctr = 0;
  return {
    prepare: () => {},
    run() {
      for (let done = 0; done < framesATurn; done += speakers, ctr++) {
        for (const key of keys) sealFrame(key, ctr, benchFrame);
      }
    },
  };
}

/** Every receiver opens each frame of each speaker, one receiver after the other; they share the keys. */
export function decryption(
  suite: CipherSuiteName,
  engine: Engine,
  speakers: number,
  receiverCount: number,
): FrameJob {
  const senders = keysOf(suite, nodeEngine, speakers);
  const keys = keysOf(suite, engine, speakers);
  const receivers = Array.from({ length: receiverCount }, () => {
    const receiver = new SFrameReceiver();
    for (const key of keys) receiver.addKey(key);
    return receiver;
  });
  let messages: Uint8Array[] = [];
  let ctr = 0;
  return {
    prepare() {
      messages = [];
      for (let left = framesATurn / speakers / receiverCount; left > 0; left--, ctr++) {
        for (const sender of senders) messages.push(sealFrame(sender, ctr, benchFrame));
      }
    },
    run() {
      for (const message of messages) {
        for (const receiver of receivers) {
          if (receiver.decrypt(message).kind !== "ok") throw new Error("a frame was refused");
        }
      }
    },
  };
}
