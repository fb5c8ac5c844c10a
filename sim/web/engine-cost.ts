/** A page for `npm run bench:e2ee`, no part of the client: what a frame costs with each way to do SFrame in a browser. */
import type { Engine } from "../e2ee/sframe/engine.ts";
import { deriveSFrameKey } from "../e2ee/sframe/key.ts";
import { nobleEngine } from "../e2ee/sframe/noble-engine.ts";
import { SFrameReceiver } from "../e2ee/sframe/receiver.ts";
import { sealFrame } from "../e2ee/sframe/sender.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import { windowEngine } from "../e2ee/sframe/window-engine.ts";

/** µs a frame. */
export type EngineCost = { engine: string; encrypt: number; decrypt: number };

declare global {
  interface Window {
    engineCost(options: { suite: CipherSuiteName; frameBytes: number }): Promise<EngineCost[]>;
  }
}

const frames = 10_000;
const turns = 4;
const inFlight = 32;

/** The least of some turns, the first left out: it compiles. */
async function leastOf(work: () => Promise<number> | number): Promise<number> {
  let least = Infinity;
  for (let turn = 0; turn <= turns; turn++) {
    const took = await work();
    if (turn > 0) least = Math.min(least, took);
  }
  return least;
}

async function costOf(engine: Engine, suite: CipherSuiteName, frame: Uint8Array): Promise<EngineCost> {
  const key = deriveSFrameKey({ suite, kid: 0, baseKey: new Uint8Array(16).fill(7), engine });
  let ctr = 0;
  const messages = Array.from<Uint8Array>({ length: frames });
  const encrypt = await leastOf(() => {
    const begun = performance.now();
    for (let index = 0; index < frames; index++) messages[index] = sealFrame(key, ctr++, frame);
    return ((performance.now() - begun) * 1000) / frames;
  });
  const decrypt = await leastOf(() => {
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    const begun = performance.now();
    for (const message of messages) {
      if (receiver.decrypt(message).kind !== "ok") throw new Error("a frame was refused");
    }
    return ((performance.now() - begun) * 1000) / frames;
  });
  return { engine: engine.name, encrypt, decrypt };
}

/** AES-GCM alone, by promises; several at a time, which is the best that it does. */
async function webCryptoCost(frame: Uint8Array<ArrayBuffer>): Promise<EngineCost> {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, [
    "encrypt",
    "decrypt",
  ]);
  const iv = (index: number): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(12);
    new DataView(bytes.buffer).setUint32(8, index);
    return bytes;
  };
  const timed = async (one: (index: number) => Promise<unknown>): Promise<number> => {
    const begun = performance.now();
    for (let from = 0; from < frames; from += inFlight) {
      await Promise.all(Array.from({ length: Math.min(inFlight, frames - from) }, (_, at) => one(from + at)));
    }
    return ((performance.now() - begun) * 1000) / frames;
  };
  const sealed: ArrayBuffer[] = [];
  const encrypt = await leastOf(() =>
    timed(async (index) => {
      sealed[index] = await crypto.subtle.encrypt({ name: "AES-GCM", iv: iv(index) }, key, frame);
    }),
  );
  const decrypt = await leastOf(() =>
    timed((index) =>
      crypto.subtle.decrypt({ name: "AES-GCM", iv: iv(index) }, key, sealed[index] ?? new ArrayBuffer(0)),
    ),
  );
  return { engine: `WebCrypto, ${inFlight} in flight`, encrypt, decrypt };
}

window.engineCost = async ({ suite, frameBytes }) => {
  const frame = crypto.getRandomValues(new Uint8Array(frameBytes));
  return [
    await costOf(windowEngine, suite, frame),
    await costOf(nobleEngine, suite, frame),
    ...(suite === "AES_128_GCM_SHA256_128" ? [await webCryptoCost(frame)] : []),
  ];
};
