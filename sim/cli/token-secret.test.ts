import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { toBase64Url } from "../util/bytes.ts";
import { secretFromEnvironment, tokenSecret } from "./token-secret.ts";

const variable = "SOUNDCHECK_TOKEN_SECRET";
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "soundcheck-secret-"));
  vi.stubEnv(variable, "");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

describe("the environment's secret", () => {
  test("is base64url of 32 bytes or more", () => {
    const secret = new Uint8Array(40).fill(250);
    vi.stubEnv(variable, toBase64Url(secret));
    expect([...(secretFromEnvironment() ?? [])]).toEqual([...secret]);
  });

  test("is not there when it is empty", () => {
    expect(secretFromEnvironment()).toBeUndefined();
  });

  test.each(["short", "x".repeat(42), `${"A".repeat(60)}!`, `${"A".repeat(43)}=`, "ab+/".repeat(20)])(
    "is refused when it is %j, without being shown",
    (text) => {
      vi.stubEnv(variable, text);
      const refusal = expect.objectContaining({
        code: "bad-token-secret",
        exitCode: 2,
        message: expect.not.stringContaining(text),
      });
      expect(() => secretFromEnvironment()).toThrow(refusal);
      expect(() => tokenSecret(root, "127.0.0.1")).toThrow(refusal);
    },
  );

  test("is taken wherever is listened, and none is made", () => {
    vi.stubEnv(variable, toBase64Url(new Uint8Array(32).fill(1)));
    expect([...tokenSecret(root, "0.0.0.0")]).toEqual([...new Uint8Array(32).fill(1)]);
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("a development secret", () => {
  test("is made once on loopback, for its owner's eyes only, and is the same for all", () => {
    const secret = tokenSecret(root, "127.0.0.1");
    expect(secret.length).toBe(32);
    for (const host of ["localhost", "::1", "127.0.0.2"])
      expect([...tokenSecret(root, host)]).toEqual([...secret]);
    expect(readdirSync(join(root, ".cache"))).toEqual(["token-secret"]);
    expect(statSync(join(root, ".cache", "token-secret")).mode & 0o777).toBe(0o600);
  });

  test.each(["0.0.0.0", "::", "192.168.1.5", "rooms.example", "127.rooms.example", ""])(
    "is never made for %j: that needs a secret of its own",
    (host) => {
      expect(() => tokenSecret(root, host)).toThrow(
        expect.objectContaining({
          code: "token-secret-missing",
          hint: expect.stringContaining("randomBytes"),
        }),
      );
      expect(readdirSync(root)).toEqual([]);
    },
  );

  test.each(["", "short\n"])("that was damaged to %j is not used and not overwritten", (text) => {
    mkdirSync(join(root, ".cache"));
    writeFileSync(join(root, ".cache", "token-secret"), text);
    expect(() => tokenSecret(root, "127.0.0.1")).toThrow(
      expect.objectContaining({ code: "bad-token-secret", hint: expect.stringContaining("delete it") }),
    );
  });

  test("is one, though several ask for it at the same time", async () => {
    const source = `
      import { parentPort, workerData } from "node:worker_threads";
      import { tokenSecret } from ${JSON.stringify(new URL("./token-secret.ts", import.meta.url).href)};
      Atomics.wait(workerData.gate, 0, 0);
      parentPort.postMessage(Buffer.from(tokenSecret(workerData.root, "127.0.0.1")).toString("hex"));
    `;
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const workers = Array.from(
      { length: 4 },
      () =>
        new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
          workerData: { gate, root },
          env: {},
        }),
    );
    const secrets = workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once("message", resolve);
          worker.once("error", reject);
        }),
    );
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("online", resolve))));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const found = await Promise.all(secrets);
    expect(new Set(found).size).toBe(1);
    expect(Buffer.from(tokenSecret(root, "127.0.0.1")).toString("hex")).toBe(found[0]);
  });
});
