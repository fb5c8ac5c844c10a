import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "vite";

import { monotonicMs } from "../util/clock.ts";
import type { MonotonicMs } from "../util/clock.ts";
import { KeyDistributor } from "./keys/key-distributor.ts";
import { KeyMember } from "./keys/key-member.ts";
import { StageKeys } from "./keys/stage-keys.ts";
import type { StageMember } from "./keys/stage-keys.ts";
import { deriveSFrameKey } from "./sframe/key.ts";
import { nodeEngine } from "./sframe/node-engine.ts";
import type { SFrameReceiver } from "./sframe/receiver.ts";
import { sealFrame } from "./sframe/sender.ts";
import { cipherSuiteNames } from "./sframe/suites.ts";
import type { windowEngine } from "./sframe/window-engine.ts";

/** What a page or its worker takes of this folder. */
const entries = [
  "keys/key-distributor.ts",
  "keys/key-member.ts",
  "keys/kid.ts",
  "keys/room-secrets.ts",
  "keys/safety-number.ts",
  "keys/speaker-key.ts",
  "keys/stage-keys.ts",
  "sframe/header.ts",
  "sframe/key.ts",
  "sframe/receiver.ts",
  "sframe/sender.ts",
  "sframe/suites.ts",
  "sframe/window-engine.ts",
];

type Bundle = {
  KeyDistributor: typeof KeyDistributor;
  KeyMember: typeof KeyMember;
  SFrameReceiver: typeof SFrameReceiver;
  deriveSFrameKey: typeof deriveSFrameKey;
  sealFrame: typeof sealFrame;
  StageKeys: typeof StageKeys;
  windowEngine: typeof windowEngine;
};

let code = "";
let directory = "";
let page: Bundle;

beforeAll(async () => {
  const name = "virtual:entry";
  const output = await build({
    configFile: false,
    logLevel: "error",
    build: { write: false, minify: false, rollupOptions: { input: name, preserveEntrySignatures: "strict" } },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === name ? name : undefined),
        load: (id) =>
          id === name
            ? entries.map((entry) => `export * from "${join(import.meta.dirname, entry)}";`).join("\n")
            : undefined,
      },
    ],
  });
  if (!("output" in output)) throw new Error("expected one build");
  directory = await mkdtemp(join(tmpdir(), "soundcheck-bundle-"));
  // What a page does not have, the code does not see.
  const without =
    "const process = undefined, Buffer = undefined, global = undefined, setImmediate = undefined;";
  let entryPath = "";
  for (const chunk of output.output) {
    if (chunk.type !== "chunk") continue;
    code += chunk.code;
    const path = join(directory, chunk.fileName.replace("assets/", ""));
    await writeFile(path, `${without}\n${chunk.code}`);
    if (chunk.isEntry) entryPath = path;
  }
  await writeFile(join(directory, "package.json"), '{"type":"module"}');
  page = (await import(/* @vite-ignore */ pathToFileURL(entryPath).href)) as Bundle;
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("bundled for a browser", () => {
  test("nothing of Node is left", () => {
    expect(code.length).toBeGreaterThan(10_000);
    expect(code).not.toMatch(/["']node:/u);
    // Where there is no WebCrypto, and so never in a page, @hpke/common asks Node for it.
    expect([...code.matchAll(/__vite-browser-external(:\w+)?/gu)].length).toBeLessThanOrEqual(3);
  });

  test("somebody on the stage begins a group and deals, and another joins it", async () => {
    const [ada, bob] = [new page.StageKeys(), new StageKeys()];
    const memberOf = (participantId: string, seat: number, keys: StageKeys): StageMember => ({
      participantId,
      seat,
      isHost: seat === 0,
      publicKey: keys.publicKey,
    });
    const [host, guest] = [memberOf("ada", 0, ada), memberOf("bob", 1, bob)];
    const options = { roomId: "r", rekeyWindowMs: 5000, unknownGeneration: 256 };
    const at = (ms: number): MonotonicMs => monotonicMs(ms);
    const { secrets } = await ada.begin({ ...options, self: host, others: [] }, at(0));
    const { messages: offers } = await bob.begin({ ...options, self: guest, others: [host] }, at(0));
    await ada.perform({ kind: "here", member: guest }, at(0));
    for (const { sealed } of offers) await ada.perform({ kind: "sealed", from: "bob", sealed }, at(0));
    const learned: number[] = [];
    for (const { sealed } of (await ada.perform({ kind: "due" }, at(20))).messages) {
      const effects = await bob.perform({ kind: "sealed", from: "ada", sealed }, at(20));
      learned.push(...effects.secrets.map(({ generation }) => generation));
    }
    expect(learned).toEqual(secrets.map(({ generation }) => generation));
  });

  test.each(cipherSuiteNames)("%s: both engines seal and open as node:crypto does", (suite) => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
        fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 5 }),
        fc.uint8Array({ maxLength: 20 }),
        (baseKey, kid, frames, metadata) => {
          const inNode = deriveSFrameKey({ suite, kid, baseKey, engine: nodeEngine });
          for (const engine of [undefined, page.windowEngine]) {
            const key = page.deriveSFrameKey({
              suite,
              kid,
              baseKey,
              ...(engine === undefined ? {} : { engine }),
            });
            const receiver = new page.SFrameReceiver();
            receiver.addKey(key);
            frames.forEach((frame, ctr) => {
              const sealed = Uint8Array.from(sealFrame(inNode, ctr, frame, metadata));
              expect(page.sealFrame(key, ctr, frame, metadata)).toEqual(sealed);
              expect(receiver.decrypt(sealed, metadata)).toMatchObject({ kind: "ok", plaintext: frame });
              expect(receiver.decrypt(sealed, metadata)).toMatchObject({ cause: "replay" });
              const other = sealFrame(inNode, ctr + 100, frame, metadata);
              other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
              expect(receiver.decrypt(other, metadata)).toMatchObject({ cause: "authentication" });
            });
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ["the page deals keys to Node", () => page.KeyDistributor, () => KeyMember],
    ["Node deals keys to the page", () => KeyDistributor, () => page.KeyMember],
  ])("%s", (_, Distributor, Member) => {
    const distributor = new (Distributor())({ roomId: "r" });
    const member = new (Member())();
    member.joined({ roomId: "r", participantId: "ada" });
    const welcome = distributor.welcome({ participantId: "ada", publicKey: member.publicKey });
    if (welcome.kind !== "sealed") throw new Error("refused");
    expect(member.open(welcome.sealed)).toMatchObject({
      kind: "secret",
      ...distributor.current,
    });
    const { messages, secret } = distributor.rekey();
    expect(member.open(messages[0]?.sealed ?? new Uint8Array())).toMatchObject({
      kind: "secret",
      generation: 256,
      secret,
    });
  });
});
