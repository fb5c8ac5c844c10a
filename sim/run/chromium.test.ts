import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { exitCodes, SetupError } from "../util/errors.ts";
import { browserEnvironment, findBrowser } from "./chromium.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "soundcheck-chromium-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
  vi.unstubAllEnvs();
});

function setupError(find: () => string): { code: string; exitCode: number; hint: string } {
  try {
    find();
  } catch (error) {
    if (error instanceof SetupError)
      return { code: error.code, exitCode: error.exitCode, hint: error.hint ?? "" };
    throw error;
  }
  throw new Error("it was found");
}

describe("the browser of a scenario", () => {
  test("that is missing is a set-up that failed, with how to mend it", () => {
    vi.stubEnv("SOUNDCHECK_CHROMIUM", join(root, "none"));
    const { code, exitCode, hint } = setupError(() => findBrowser(root, true));
    expect({ code, exitCode }).toEqual({ code: "chromium-missing", exitCode: exitCodes.setupFailed });
    expect(hint).toContain("SOUNDCHECK_CHROMIUM");
  });

  test("needs the page built where the server is ours, and not where it runs elsewhere", () => {
    const program = join(root, "chromium");
    writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    vi.stubEnv("SOUNDCHECK_CHROMIUM", program);
    expect(setupError(() => findBrowser(root, true)).code).toBe("web-missing");
    expect(findBrowser(root, false)).toBe(program);
    mkdirSync(join(root, ".cache", "web"), { recursive: true });
    writeFileSync(join(root, ".cache", "web", "index.html"), "");
    expect(findBrowser(root, true)).toBe(program);
  });

  test("is told to k6 by its environment: headless, with sound, without dashes before its flags", () => {
    const environment = browserEnvironment("/opt/chromium");
    expect(environment).toMatchObject({
      K6_BROWSER_EXECUTABLE_PATH: "/opt/chromium",
      K6_BROWSER_HEADLESS: "true",
    });
    const flags = environment["K6_BROWSER_ARGS"]?.split(",") ?? [];
    expect(flags).toContain("autoplay-policy=no-user-gesture-required");
    expect(flags.filter((flag) => flag.startsWith("-"))).toEqual([]);
  });
});
