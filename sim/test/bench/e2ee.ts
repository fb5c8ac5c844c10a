/** `npm run bench:e2ee`: what SFrame costs a frame with each engine, in one run; a table on stdout. */
import { randomBytes } from "node:crypto";
import { cpus } from "node:os";
import type { Engine } from "../../e2ee/sframe/engine.ts";
import { deriveSFrameKey, type SFrameKey } from "../../e2ee/sframe/key.ts";
import { nodeEngine } from "../../e2ee/sframe/node-engine.ts";
import { SFrameReceiver } from "../../e2ee/sframe/receiver.ts";
import { sealFrame } from "../../e2ee/sframe/sender.ts";
import { cipherSuiteNames, type CipherSuiteName } from "../../e2ee/sframe/suites.ts";
import { windowEngine } from "../../e2ee/sframe/window-engine.ts";

const frame = randomBytes(80);
const framesATurn = 20_000;
const turns = 5;

type Job = {
  /** What a turn needs and is not measured. */
  prepare(): void;
  run(): void;
};

/** CPU time in µs of one frame: the least of some turns, since what else the machine does only adds to it. */
function microsecondsAFrame(jobs: readonly Job[]): number[] {
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
function encryption(suite: CipherSuiteName, engine: Engine, speakers: number): Job {
  const keys = keysOf(suite, engine, speakers);
  let ctr = 0;
  return {
    prepare: () => {},
    run() {
      for (let done = 0; done < framesATurn; done += speakers, ctr++) {
        for (const key of keys) sealFrame(key, ctr, frame);
      }
    },
  };
}

/** Every receiver opens each frame of each speaker, one receiver after the other; they share the keys. */
function decryption(suite: CipherSuiteName, engine: Engine, speakers: number, receiverCount: number): Job {
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
        for (const sender of senders) messages.push(sealFrame(sender, ctr, frame));
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

const cases: [heading: string, make: (suite: CipherSuiteName, engine: Engine) => Job][] = [
  ["encrypt, 10 speakers", (suite, engine) => encryption(suite, engine, 10)],
  ["decrypt, 10 speakers", (suite, engine) => decryption(suite, engine, 10, 1)],
  ["encrypt, 300 speakers", (suite, engine) => encryption(suite, engine, 300)],
  ["decrypt, 300 speakers", (suite, engine) => decryption(suite, engine, 300, 1)],
  ["decrypt, 2 speakers, 400 receivers", (suite, engine) => decryption(suite, engine, 2, 400)],
];
const engines: readonly Engine[] = [nodeEngine, windowEngine];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;

process.stdout.write(
  `SFrame, µs CPU a frame of ${frame.length} bytes: ${engines.map(({ name }) => name).join(" / ")} (ratio)\n` +
    `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, OpenSSL ${process.versions.openssl}; ` +
    `least of ${turns} turns of ${framesATurn} frames\n\n`,
);
process.stdout.write(row(["suite", ...cases.map(([heading]) => heading)]));
process.stdout.write(row(["---", ...cases.map(() => "---")]));
for (const suite of cipherSuiteNames) {
  const cells = cases.map(([heading, make]) => {
    process.stderr.write(`${suite}: ${heading}...\n`);
    const [node = 0, windows = 0] = microsecondsAFrame(engines.map((engine) => make(suite, engine)));
    return `${node.toFixed(2)} / ${windows.toFixed(2)} (${(windows / node).toFixed(2)})`;
  });
  process.stdout.write(row([suite, ...cells]));
}
