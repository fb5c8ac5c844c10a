/**
 * What the best-known load tester exits 0 in, reporting 0 % loss. Each test does
 * the damage for real and holds the verdict against what it knows to be true.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isRtp, Network, whyNoNetwork } from "./_network.ts";
import { Soundcheck, soundcheck, type Finished } from "./_soundcheck.ts";

const mediaPort = 40_000;
const listeners = 10;
const room = ["--set", `listeners=${listeners}`, "--set", "conversation=monologue"];
const noNetwork = whyNoNetwork();

/** A room server and a run against it, both in a network of their own. */
async function runInNetwork(
  network: Network,
  args: string[],
  during: (run: Soundcheck) => Promise<void>,
): Promise<Finished> {
  const env = { SOUNDCHECK_TOKEN_SECRET: randomBytes(32).toString("base64url") };
  const prefix = network.prefix;
  await using server = new Soundcheck(["serve", "--port", "7880", "--media-port", String(mediaPort)], {
    env,
    prefix,
  });
  await server.until(/room server ready/);
  await using run = new Soundcheck(["run", "smoke", "--target", "ws://127.0.0.1:7880/room", ...args], {
    env,
    prefix,
  });
  await during(run);
  return await run.finish();
}

/** Once all listeners have heard for a while, drops every RTP packet and what else the rules say for 8 s; what was lost, by the kernel's count. */
async function blackOut(
  network: Network,
  run: Soundcheck,
  rules: string[],
): Promise<{ startedMs: number; endedMs: number; lost: number }> {
  await run.until(new RegExp(`listeners ${listeners}/${listeners}`));
  await pause(4000);
  network.rule(`udp dport ${mediaPort} ${isRtp} counter drop`);
  network.rule(`udp sport ${mediaPort} ${isRtp} counter drop`);
  for (const rule of rules) network.rule(rule);
  const startedMs = Date.now();
  await pause(8000);
  const endedMs = Date.now();
  const [up, down] = network.counts() as [number, number];
  network.clear();
  // What the server never got, it could not forward to any listener.
  return { startedMs, endedMs, lost: up * listeners + down };
}

/** FAIL, and the loss within a point of what was really lost. */
function expectLoss({ exitCode, result }: Finished, lostForReal: number): void {
  expect(exitCode).toBe(1);
  expect(result?.verdict.outcome).toBe("FAIL");
  const { lost, expected } = result?.packets ?? { lost: 0, expected: 0 };
  expect(lostForReal).toBeGreaterThan(listeners * 300);
  expect(Math.abs(lost - lostForReal) / expected).toBeLessThan(0.01);
}

function reasons({ result }: Finished): string {
  return (result?.verdict.reasons ?? []).map(({ code, message }) => `${code}: ${message}`).join("\n");
}

describe.skipIf(noNetwork !== undefined)(
  `with a network to break${noNetwork ? ` (skipped: ${noNetwork})` : ""}`,
  () => {
    test("the media port blocked: FAIL, nobody heard anything, ICE did not complete", async () => {
      await using network = await Network.create();
      network.rule(`udp dport ${mediaPort} counter drop`);
      const finished = await runInNetwork(network, room, async () => undefined);
      expect(finished.exitCode).toBe(1);
      expect(finished.result?.verdict.outcome).toBe("FAIL");
      expect(reasons(finished)).toMatch(/no listener heard anything/i);
      expect(reasons(finished)).toMatch(/ICE/);
      expect(finished.result?.participants.joined).toBe(0);
      expect(network.counts()[0]).toBeGreaterThan(0);
    });

    test("an 8 s blackout: FAIL, loss within a point of what was really lost, and when", async () => {
      await using network = await Network.create();
      let dark = { startedMs: 0, endedMs: 0, lost: 0 };
      const finished = await runInNetwork(network, [...room, "--set", "talk=22"], async (run) => {
        dark = await blackOut(network, run, ["meta l4proto udp drop"]);
      });
      const { result } = finished;
      expectLoss(finished, dark.lost);
      expect(result?.lossIntervals).toHaveLength(1);
      const [interval] = result?.lossIntervals ?? [];
      const runStartMs = Date.parse(result?.startedAt ?? "");
      // Whole seconds, so each end may be a second off.
      expect(
        Math.abs((interval?.fromSecond ?? 0) - (dark.startedMs - runStartMs) / 1000),
      ).toBeLessThanOrEqual(1);
      expect(Math.abs((interval?.toSecond ?? 0) - (dark.endedMs - runStartMs) / 1000)).toBeLessThanOrEqual(1);
      expect(reasons(finished)).toMatch(/lost/);
    });

    test("all participants cut off for 8 s, signalling too: FAIL with that loss, but all resume, hear again and stay to the end", async () => {
      await using network = await Network.create();
      let lost = 0;
      const finished = await runInNetwork(network, [...room, "--set", "talk=28"], async (run) => {
        const everything = ["meta l4proto udp drop", "tcp dport 7880 drop", "tcp sport 7880 drop"];
        ({ lost } = await blackOut(network, run, everything));
      });
      const { result } = finished;
      expectLoss(finished, lost);
      const participants = listeners + 2;
      expect(result?.participants).toMatchObject({ joined: participants, failed: 0 });
      expect(result?.thresholds.find(({ metric }) => metric === "session_ok")).toMatchObject({ ok: true });
      const { resumes, awaySeconds, mediaRestarts } = result?.interruptions ?? {};
      expect(resumes).toBe(participants);
      expect(awaySeconds?.min).toBeGreaterThan(6);
      expect(awaySeconds?.max).toBeLessThan(16);
      // Their transports were kept, and media went on over them.
      expect(mediaRestarts).toBe(0);
      expect(finished.stdout).toMatch(/interruptions {1,}12 resumed, away ≤ \d/);
      const lastLoss = result?.lossIntervals.at(-1)?.toSecond ?? Infinity;
      const after = (result?.timeline ?? []).filter(({ second }) => second > lastLoss);
      expect(after.reduce((sum, { received }) => sum + received, 0)).toBeGreaterThan(listeners * 100);
    });

    test("10 % of media packets dropped on their way to listeners: loss of 10 % within a point", async () => {
      await using network = await Network.create();
      network.rule(`udp sport ${mediaPort} ${isRtp} numgen random mod 100 < 10 counter drop`);
      const finished = await runInNetwork(network, [...room, "--set", "talk=20"], async () => undefined);
      const { result } = finished;
      expect(finished.exitCode).toBe(1);
      expect(result?.verdict.outcome).toBe("FAIL");
      expect(result?.packets.expected).toBeGreaterThan(8000);
      expect(result?.lostRatio).toBeGreaterThan(0.09);
      expect(result?.lostRatio).toBeLessThan(0.11);
      // Each dropped packet was lost, but for those of the second in which a listener drains before it leaves.
      const dropped = network.counts()[0] ?? 0;
      expect(result?.packets.lost).toBeLessThanOrEqual(dropped);
      expect((result?.packets.lost ?? 0) / dropped).toBeGreaterThan(0.9);
    });
  },
);

describe("without any network of its own", () => {
  test("the room server killed: FAIL, named, soon over, no process left", async () => {
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "talk=60"]);
    await run.until(new RegExp(`listeners ${listeners}/${listeners}`));
    process.kill(run.pidOf(/ serve /), "SIGKILL");
    const killedMs = performance.now();
    const finished = await run.finish();
    expect(performance.now() - killedMs).toBeLessThan(30_000);
    expect(finished.exitCode).toBe(1);
    expect(finished.result?.verdict.outcome).toBe("FAIL");
    expect(reasons(finished)).toMatch(/room server died.*killed by SIGKILL/);
    expect(finished.result?.packets.received).toBeGreaterThan(0);
    expect(run.processes()).toEqual([]);
  });

  test("nobody speaks: FAIL for want of samples", async () => {
    const finished = await soundcheck(["run", "smoke", "--set", "conversation=silent"]);
    expect(finished.exitCode).toBe(1);
    expect(finished.result?.verdict.outcome).toBe("FAIL");
    expect(reasons(finished)).toMatch(/no samples|nothing was|nobody|no packet/i);
    expect(finished.result?.mouthToEarSeconds).toMatchObject({ n: 0, p50: null, p99: null });
    expect(finished.result?.thresholds.find(({ metric }) => metric === "lost")).toMatchObject({
      n: 0,
      ok: false,
    });
    expect(finished.result?.lostRatio).toBeNull();
  });

  test.runIf(process.platform === "linux")("the harness starved of CPU: INVALID, not FAIL", async () => {
    // All on one core, so that what the run gets does not hang on how many there are.
    const pinned = ["taskset", "-c", firstCore()];
    const prefix = ["nice", "-n", "19", ...pinned];
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "talk=15"], { prefix });
    await run.until(new RegExp(`listeners ${listeners}/${listeners}`));
    // Busy processes at normal priority, each in a session of its own (Linux shares the CPU by session too),
    // leave next to nothing for the run.
    const hogs = Array.from({ length: 32 }, () =>
      spawn("timeout", ["10", ...pinned, "sh", "-c", "while :; do :; done"], {
        stdio: "ignore",
        detached: true,
      }),
    );
    const hogsEnded = Promise.all(hogs.map((hog) => new Promise((resolve) => hog.once("exit", resolve))));
    const finished = await run.finish();
    for (const hog of hogs) hog.kill("SIGKILL");
    await hogsEnded;
    expect(reasons(finished), finished.stdout + finished.stderr).toMatch(/late sends|event loop|CPU/);
    expect(finished.result?.verdict.outcome).toBe("INVALID");
    expect(finished.exitCode).toBe(3);
  });

  test("Ctrl-C: 130, what was measured is kept, nothing left running", async () => {
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "talk=60"]);
    await run.until(new RegExp(`listeners ${listeners}/${listeners}`));
    await pause(3000);
    run.interrupt();
    const finished = await run.finish();
    expect(finished.exitCode).toBe(130);
    expect(finished.result?.verdict.outcome).toBe("INVALID");
    expect(reasons(finished)).toMatch(/interrupted/);
    expect(finished.result?.packets.expected).toBeGreaterThan(listeners * 50);
    expect(finished.result?.packets.lost).toBe(0);
    expect(finished.stdout).toContain("INVALID");
    expect(run.processes()).toEqual([]);
  });
});

/** Lets the room talk for a while: the damage is done in the middle of a run. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** The first core that this process may run on. */
function firstCore(): string {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (allowed === undefined) throw new Error("the cores that may be used are not known");
  return allowed;
}
