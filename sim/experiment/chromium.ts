/** Chromium, and pages of sim/web that are there to be measured, served on loopback straight from their sources. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { findChromium } from "../../infra/setup/tools.mjs";

export type OpenChromium = AsyncDisposable & {
  readonly browser: Browser;
  /** Of a page by its file's name. */
  urlOf(page: string): string;
};

/** Rejects, with what is missing in its message, where there is no Chromium or the packages for it are not installed. */
export async function openChromium(root: string): Promise<OpenChromium> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("there is no Chromium; to have it: apt-get install chromium");
  const [{ chromium }, { createServer }] = await Promise.all([import("playwright-core"), import("vite")]);
  await using stack = new AsyncDisposableStack();
  const server = await createServer({
    configFile: join(root, "sim", "web", "vite.config.ts"),
    logLevel: "silent",
    cacheDir: join(root, ".cache", "vite-experiments"),
    server: { host: "127.0.0.1", port: 0, hmr: false, watch: null },
  });
  stack.defer(() => server.close());
  await server.listen();
  const [base] = server.resolvedUrls?.local ?? [];
  if (base === undefined) throw new Error("the page could not be served");
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--disable-features=WebRtcHideLocalIpsWithMdns",
    ],
  });
  stack.defer(() => browser.close());
  const all = stack.move();
  return {
    browser,
    urlOf: (page) => new URL(page, base).href,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
