/** What a frame costs whoever encrypts or decrypts it, beside what it would cost at the least on this machine. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { nodeEngine } from "../e2ee/sframe/node-engine.ts";
import { windowEngine } from "../e2ee/sframe/window-engine.ts";
import type { Overhead } from "../protocol/overhead.ts";
import type { cipherSuiteNames } from "../protocol/run-plan.ts";
import { benchFrame, decryption, encryption, microsecondsAFrame } from "./frame-cost.ts";

type CipherSuiteName = (typeof cipherSuiteNames)[number];

/** A client hears two at most times: each of its keys is its own. */
const heardSpeakers = 2;
/** As in a room of the harness: derived keys are shared by all listeners of a process. */
const sharedBy = 400;

export function clientCosts(suites: readonly CipherSuiteName[]): Overhead["client"] {
  const costs = suites.map((suite) => {
    const [encrypt = null, decrypt = null] = microsecondsAFrame([
      encryption(suite, nodeEngine, 1),
      decryption(suite, nodeEngine, heardSpeakers, 1),
    ]);
    return { suite, encrypt, decrypt };
  });
  return { frameBytes: benchFrame.length, costs };
}

export function harnessCosts(suites: readonly CipherSuiteName[]): Overhead["harness"] {
  const costs = suites.map((suite) => {
    const [encrypt = null, decrypt = null] = microsecondsAFrame([
      encryption(suite, windowEngine, heardSpeakers),
      decryption(suite, windowEngine, heardSpeakers, sharedBy),
    ]);
    return { suite, encrypt, decrypt };
  });
  return { engine: windowEngine.name, costs };
}

/** What `openssl speed` is asked for a suite; a suite of two primitives is their sum. */
const primitives: Record<CipherSuiteName, string[][]> = {
  AES_128_CTR_HMAC_SHA256_80: [
    ["-evp", "aes-128-ctr"],
    ["-hmac", "sha256"],
  ],
  AES_128_CTR_HMAC_SHA256_64: [
    ["-evp", "aes-128-ctr"],
    ["-hmac", "sha256"],
  ],
  AES_128_CTR_HMAC_SHA256_32: [
    ["-evp", "aes-128-ctr"],
    ["-hmac", "sha256"],
  ],
  AES_128_GCM_SHA256_128: [["-evp", "aes-128-gcm", "-aead"]],
  AES_256_GCM_SHA512_128: [["-evp", "aes-256-gcm", "-aead"]],
};

const execute = promisify(execFile);

/** `openssl speed` keeps one context for all its operations, which is the native limit. */
export async function nativeCosts(suites: readonly CipherSuiteName[]): Promise<Overhead["native"]> {
  try {
    const { stdout } = await execute("openssl", ["version"]);
    const version = stdout.split(" ")[1] ?? "unknown";
    const costs: Overhead["native"]["costs"] = [];
    for (const suite of suites) {
      let frame = 0;
      for (const what of primitives[suite]) frame += await secondsAnOperation(what);
      costs.push({ suite, frame: frame * 1e6 });
    }
    return { version, costs, missing: null };
  } catch (error) {
    const missing = `the openssl command could not be asked: ${(error as Error).message.split("\n")[0] ?? ""}`;
    return { version: null, costs: [], missing };
  }
}

async function secondsAnOperation(what: readonly string[]): Promise<number> {
  const bytes = benchFrame.length;
  const args = ["speed", "-mr", "-seconds", "1", "-bytes", String(bytes), ...what];
  const { stdout, stderr } = await execute("openssl", args, { timeout: 20_000 });
  const seconds = parseOpensslSpeed(`${stdout}\n${stderr}`, bytes);
  if (seconds === null) throw new Error(`openssl ${args.join(" ")} said nothing that can be read`);
  return seconds;
}

/** From the last `+F:` or `+H` figures of `openssl speed -mr`: bytes a second, as seconds an operation. */
export function parseOpensslSpeed(output: string, bytes: number): number | null {
  const bytesASecond = Number(/^\+F:\d+:[^:]+:([\d.]+)$/m.exec(output)?.[1]);
  return bytesASecond > 0 ? bytes / bytesASecond : null;
}
