/** Real Chromium pages beside simulated listeners, by k6's browser module. */
import { describe, expect, test } from "vitest";
import { findChromium } from "../../../infra/setup/tools.mjs";
import { Soundcheck, soundcheck, type Finished } from "./_soundcheck.ts";

const hasChromium = findChromium() !== undefined;
if (!hasChromium) {
  process.stderr.write(
    "no Chromium: the test of browsers in a run is LEFT OUT (to have it: apt-get install chromium)\n",
  );
}
const small = ["run", "browser", "--profile", "smoke", "--set", "listeners=5", "--set", "browsers=1"];

function reasons({ result }: Finished): string {
  return (result?.verdict.reasons ?? []).map(({ code, message }) => `${code}: ${message}`).join("\n");
}

describe.skipIf(!hasChromium)("a run with a real browser", () => {
  test("hears chirps in it, holds it against the simulated listeners, and leaves nothing running: PASS", async () => {
    await using run = new Soundcheck(small);
    const finished = await run.finish();
    const { result, stdout } = finished;
    expect(reasons(finished)).toBe("");
    expect(finished.exitCode).toBe(0);
    expect(stdout).toMatch(/browsers {6}1\/1 {3}heard p50/);
    const browsers = result?.browsers;
    if (browsers == null) throw new Error("the result has nothing of browsers");
    expect(browsers).toMatchObject({ planned: 1, started: 1, ok: 1, problems: [] });
    expect(browsers.joinSeconds.n).toBe(1);
    expect(browsers.playoutDelaySeconds.n).toBeGreaterThan(0);
    expect(browsers.energyRatios.p50).toBeGreaterThan(0);
    const { n, min, max, coverage } = browsers.mouthToEarSeconds;
    expect(n).toBeGreaterThan(0);
    // No sound is faster than a frame, its look-ahead and a browser's output; a room on loopback is far from a second.
    expect(min).toBeGreaterThan(0.0265 + (browsers.outputSeconds ?? 0) / 2);
    expect(max).toBeLessThan(1);
    expect(coverage).toBeGreaterThan(0.5);
    expect(browsers.uncertaintySeconds).toBeLessThan(0.05);
    expect(browsers.simulated.mouthToEarSeconds.n).toBe(result?.mouthToEarSeconds.n);
    expect(browsers.modelLessReal.mouthToEarSeconds).not.toBeNull();
    expect(result?.thresholds.filter(({ metric }) => metric.startsWith("browser_"))).toHaveLength(7);
    expect(run.processes()).toEqual([]);
  });
});

describe.skipIf(!hasChromium)("Ctrl-C while a browser listens", () => {
  test("ends the browser too, and keeps what was measured", async () => {
    await using run = new Soundcheck(small);
    const browsers = (): boolean => run.processes().some(({ command }) => /--remote-debugging/.test(command));
    await expect.poll(browsers, { timeout: 60_000 }).toBe(true);
    await run.until(/listeners 5\/5/);
    run.interrupt();
    const { exitCode, result } = await run.finish();
    expect(exitCode).toBe(130);
    expect(result?.verdict.reasons.map(({ code }) => code)).toContain("interrupted");
    expect(result?.browsers).toMatchObject({ planned: 1 });
    expect(run.processes()).toEqual([]);
  });
});

describe("a scenario with browsers", () => {
  test("without Chromium is a set-up that failed, said before anything starts", async () => {
    const { exitCode, stderr, directory } = await soundcheck(small, {
      env: { SOUNDCHECK_CHROMIUM: "/nonexistent/chromium" },
    });
    expect(stderr).toContain("Chromium is missing");
    expect({ exitCode, directory }).toEqual({ exitCode: 4, directory: undefined });
  });

  test("without encryption, or without browsers, is refused", async () => {
    const open = await soundcheck([...small, "--e2ee", "off"]);
    expect({ exitCode: open.exitCode, stderr: open.stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("leave encryption on"),
    });
    const none = await soundcheck([...small, "--set", "browsers=0"]);
    expect({ exitCode: none.exitCode, stderr: none.stderr }).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("expected a whole number from 1 to 50, found 0"),
    });
  });
});
