/** What the transform costs a browser: CPU time of Chromium's renderers, with it and without, in rounds. */
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import type { Overhead } from "../protocol/overhead.ts";
import type { Random } from "../util/random.ts";
import { mean, meanInterval, shuffled } from "./bootstrap.ts";
import { openChromium } from "./chromium.ts";

/** Out and back within one page: each is encoded, sealed, opened and decoded. */
const streams = 5;
const settleMs = 2000;

type BrowserCost = Overhead["browser"];

/** Never rejects: what cannot be measured here is said. */
export async function browserCost(options: {
  root: string;
  rounds: number;
  seconds: number;
  random: Random;
  signal: AbortSignal;
  onRound(text: string): void;
}): Promise<BrowserCost> {
  const { root, signal } = options;
  try {
    await using opened = await openChromium(root);
    const { browser } = opened;
    const url = opened.urlOf("transform-cost.html");
    // The first page compiles what the others find ready.
    await measure(browser, url, true, 1, signal);
    const pairs: { off: number; on: number }[] = [];
    for (let round = 0; round < options.rounds && !signal.aborted; round++) {
      options.onRound(`round ${round + 1} of ${options.rounds}: Chromium's renderer`);
      const costs = { off: 0, on: 0 };
      for (const condition of shuffled(["off", "on"] as const, options.random.fork(`round:${round}`))) {
        costs[condition] = await measure(browser, url, condition === "on", options.seconds, signal);
      }
      pairs.push(costs);
    }
    if (pairs.length === 0) return missing("interrupted");
    const differences = pairs.map(({ off, on }) => on - off);
    return {
      version: browser.version(),
      off: mean(pairs.map(({ off }) => off)),
      on: mean(pairs.map(({ on }) => on)),
      difference: mean(differences),
      interval: meanInterval(differences, options.random),
      n: pairs.length,
      missing: null,
    };
  } catch (error) {
    return missing(signal.aborted ? "interrupted" : String((error as Error).message.split("\n")[0]));
  }
}

/** ms CPU a second and stream of a page of its own. */
async function measure(
  browser: Browser,
  url: string,
  encrypted: boolean,
  seconds: number,
  signal: AbortSignal,
): Promise<number> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction("window.transformCost !== undefined");
    await page.evaluate(`window.transformCost.start(${JSON.stringify({ streams, encrypted })})`);
    await delay(settleMs, undefined, { signal });
    const session = await browser.newBrowserCDPSession();
    const cpuSeconds = async (): Promise<number> => {
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      return processInfo.reduce((sum, { type, cpuTime }) => sum + (type === "renderer" ? cpuTime : 0), 0);
    };
    const before = await cpuSeconds();
    const countsBefore = await countsOf(page);
    const beganMs = performance.now();
    await delay(seconds * 1000, undefined, { signal });
    const after = await cpuSeconds();
    const elapsedSeconds = (performance.now() - beganMs) / 1000;
    const counts = await countsOf(page);
    const heard = counts.received - countsBefore.received;
    if (heard < 0.5 * 50 * streams * seconds) throw new Error(`Chromium heard ${heard} packets only`);
    if (encrypted && counts.opened === countsBefore.opened) throw new Error("Chromium opened no frame");
    return ((after - before) * 1000) / elapsedSeconds / streams;
  } finally {
    await context.close();
  }
}

const countsSchema = z.object({ received: z.number(), opened: z.number() });

async function countsOf(page: Page): Promise<z.output<typeof countsSchema>> {
  return countsSchema.parse(await page.evaluate("window.transformCost.counts()"));
}

function missing(why: string): BrowserCost {
  return { version: null, off: null, on: null, difference: null, interval: null, n: 0, missing: why };
}
