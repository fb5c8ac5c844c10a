/** `npm run bench:e2ee`: what SFrame costs a frame with each engine, in one run; a table on stdout. */
import { cpus } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Engine } from "../../e2ee/sframe/engine.ts";
import { nodeEngine } from "../../e2ee/sframe/node-engine.ts";
import { cipherSuiteNames, type CipherSuiteName } from "../../e2ee/sframe/suites.ts";
import { windowEngine } from "../../e2ee/sframe/window-engine.ts";
import { openChromium } from "../../experiment/chromium.ts";
import {
  benchFrame,
  decryption,
  encryption,
  framesATurn,
  microsecondsAFrame,
  turns,
  type FrameJob,
} from "../../experiment/frame-cost.ts";

const cases: [heading: string, make: (suite: CipherSuiteName, engine: Engine) => FrameJob][] = [
  ["encrypt, 10 speakers", (suite, engine) => encryption(suite, engine, 10)],
  ["decrypt, 10 speakers", (suite, engine) => decryption(suite, engine, 10, 1)],
  ["encrypt, 300 speakers", (suite, engine) => encryption(suite, engine, 300)],
  ["decrypt, 300 speakers", (suite, engine) => decryption(suite, engine, 300, 1)],
  ["decrypt, 2 speakers, 400 receivers", (suite, engine) => decryption(suite, engine, 2, 400)],
];
const engines: readonly Engine[] = [nodeEngine, windowEngine];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;

process.stdout.write(
  `SFrame, µs CPU a frame of ${benchFrame.length} bytes: ${engines.map(({ name }) => name).join(" / ")} (ratio)\n` +
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

const costSchema = z.array(z.object({ engine: z.string(), encrypt: z.number(), decrypt: z.number() }));

try {
  await using opened = await openChromium(join(import.meta.dirname, "..", "..", ".."));
  const page = await opened.browser.newPage();
  await page.goto(opened.urlOf("engine-cost.html"));
  await page.waitForFunction("window.engineCost !== undefined");
  process.stdout.write(`\nIn Chromium ${opened.browser.version()}, µs a frame, one speaker\n\n`);
  process.stdout.write(row(["suite", "engine", "encrypt", "decrypt"]) + row(["---", "---", "---", "---"]));
  for (const suite of ["AES_128_GCM_SHA256_128", "AES_128_CTR_HMAC_SHA256_80"] satisfies CipherSuiteName[]) {
    process.stderr.write(`${suite}: in Chromium...\n`);
    const asked = JSON.stringify({ suite, frameBytes: benchFrame.length });
    for (const { engine, encrypt, decrypt } of costSchema.parse(
      await page.evaluate(`window.engineCost(${asked})`),
    )) {
      process.stdout.write(row([suite, engine, encrypt.toFixed(2), decrypt.toFixed(2)]));
    }
  }
} catch (error) {
  process.stdout.write(`\nNot measured in Chromium: ${(error as Error).message.split("\n")[0] ?? ""}\n`);
}
