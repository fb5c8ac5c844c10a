/** Chromium, and pages of the browser client in it, with a microphone that talks. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { findChromium } from "../../../infra/setup/tools.mjs";
import { sampleRateHz, synthesizeSpeech } from "../../audio/speech.ts";
import { createRandom } from "../../util/random.ts";

/** Undefined where there is none: then the tests are left out, and say so. */
export const chromiumPath = findChromium();

if (chromiumPath === undefined) {
  process.stderr.write(
    "no Chromium: the tests of the browser client are LEFT OUT (to have them: apt-get install chromium)\n",
  );
}

/** Pages share one program; each has a context, and so an account, of its own. */
export async function launch(directory: string): Promise<Browser> {
  mkdirSync(directory, { recursive: true });
  const voice = join(directory, "voice.wav");
  writeFileSync(
    voice,
    wav(
      synthesizeSpeech({
        voice: { pitchHz: 160, formantScale: 1, speakingRate: 1 },
        durationMs: 8000,
        random: createRandom("page"),
      }),
    ),
  );
  if (chromiumPath === undefined) throw new Error("there is no Chromium");
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${voice}`,
      "--autoplay-policy=no-user-gesture-required",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--disable-backgrounding-occluded-windows",
      "--disable-features=CalculateNativeWinOcclusion",
    ],
  });
}

/** Samples from -1 to 1 as a WAV file of 16 bits, one channel. */
function wav(samples: Float32Array): Buffer {
  const bytes = Buffer.alloc(44 + 2 * samples.length);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(sampleRateHz, 24);
  bytes.writeUInt32LE(2 * sampleRateHz, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((sample, index) => bytes.writeInt16LE(Math.round(32_767 * sample), 44 + 2 * index));
  return bytes;
}

export type OpenPage = { readonly page: Page; readonly complaints: string[] };

/** A page at an address. What it complains of on its console, or throws, is kept. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}
