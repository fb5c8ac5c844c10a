import { existsSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../../infra/setup/tools.mjs";
import { SetupError } from "../util/errors.ts";

/**
 * The browser for k6's browser module. Throws a SetupError `chromium-missing`, or `web-missing` where the room server
 * is ours and has no page to serve.
 */
export function findBrowser(root: string, ownServer: boolean): string {
  const chromium = findChromium();
  if (chromium === undefined) {
    throw new SetupError("chromium-missing", "Chromium is missing: the scenario has real browsers in it", {
      hint: "install it (Debian: apt-get install chromium), or name one by SOUNDCHECK_CHROMIUM",
    });
  }
  if (ownServer && !existsSync(join(root, ".cache", "web", "index.html"))) {
    throw new SetupError(
      "web-missing",
      "the browser client is not built: the room server has no page to serve",
      {
        hint: "run: npm run setup",
      },
    );
  }
  return chromium;
}

/** What k6's browser module reads: headless, and with sound though nobody has touched the page. */
export function browserEnvironment(chromium: string): Record<string, string> {
  const flags = [
    "autoplay-policy=no-user-gesture-required",
    "disable-dev-shm-usage",
    "disable-gpu",
    // Chromium's sandbox does not start as root.
    ...(process.getuid?.() === 0 ? ["no-sandbox"] : []),
  ];
  return {
    K6_BROWSER_EXECUTABLE_PATH: chromium,
    K6_BROWSER_HEADLESS: "true",
    K6_BROWSER_ARGS: flags.join(","),
    // It warns of each target that it does not know.
    K6_BROWSER_LOG: "error",
  };
}
