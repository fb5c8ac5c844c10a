import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "vite";

import { KeyDistributor } from "./keys/key-distributor.ts";
import { KeyMember } from "./keys/key-member.ts";
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
  "keys/speaker-key.ts",
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
  code = output.output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("\n");
  directory = await mkdtemp(join(tmpdir(), "soundcheck-bundle-"));
  // What a page does not have, the code does not see.
  await writeFile(
    join(directory, "page.mjs"),
    `const process = undefined, Buffer = undefined, global = undefined, setImmediate = undefined;\n${code}`,
  );
  page = (await import(/* @vite-ignore */ pathToFileURL(join(directory, "page.mjs")).href)) as Bundle;
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("bundled for a browser", () => {
  test("nothing of Node is left", () => {
    expect(code.length).toBeGreaterThan(10_000);
    const [found] = /["']node:.*|__vite-browser-external/u.exec(code) ?? [];
    expect(found).toBeUndefined();
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
