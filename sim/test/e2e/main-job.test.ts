import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findK6 } from "../../../infra/setup/tools.mjs";
import { root, Soundcheck, soundcheck } from "./_soundcheck.ts";

describe("the main job", () => {
  test("a small town hall passes, encrypted, with every packet accounted for", async () => {
    await using run = new Soundcheck([
      "run",
      "town-hall",
      "--profile",
      "smoke",
      "--set",
      "leavers=2",
      "--set",
      "talk=14",
    ]);
    const { exitCode, stdout, stderr, result, directory } = await run.finish();
    expect(stdout, stderr).toMatch(/^PASS {2}town-hall\/smoke/);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").length).toBeLessThanOrEqual(26);
    expect(stderr).toContain("starting the room server");
    expect(run.processes()).toEqual([]);

    expect(readdirSync(directory as string).toSorted()).toEqual([
      "agent.log",
      "junit.xml",
      "k6.json",
      "k6.log",
      "metrics.om.txt",
      "report.html",
      "result.json",
      "server.log",
      "summary.md",
      "timeline.jsonl",
    ]);
    expect(result?.participants).toMatchObject({ speakers: 3, listeners: 10, joined: 13, failed: 0 });
    expect(result?.packets).toMatchObject({ lost: 0, duplicate: 0 });
    expect(result?.packets.received).toBe(result?.packets.expected);
    expect(result?.packets.expected).toBeGreaterThan(1000);
    expect(result?.mouthToEarSeconds.coverage).toBe(1);
    // A 20 ms frame, 6.5 ms of look-ahead and the jitter buffer's floor, at the least.
    expect(result?.mouthToEarSeconds.p50).toBeGreaterThan(0.03);
    expect(result?.e2ee).toMatchObject({ enabled: true, suite: "AES_128_GCM_SHA256_128" });
    expect(result?.e2ee.rekeys).toBeGreaterThan(0);
    expect(result?.e2ee.decryptedFrames).toBeGreaterThanOrEqual(result?.mouthToEarSeconds.n ?? Infinity);
    expect(result?.e2ee.overheadBytesPerFrame).toBeGreaterThan(16);
    expect(result?.egress.coverage).toBe("sockets");
    expect(result?.egress.destinations.every(({ address }) => address === "127.0.0.1")).toBe(true);
    expect(result?.egress.destinations.map(({ purpose }) => purpose)).toEqual(
      expect.arrayContaining(["media", "signalling", "control"]),
    );
    expect(result?.harness.cpu.processes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["server", "worker-0", "agent", "k6", "stage", "audience-0"]),
    );
  });

  test("encryption can be left out, and then nothing is encrypted", async () => {
    const { exitCode, result } = await soundcheck(["run", "smoke", "--e2ee", "off"]);
    expect(result?.e2ee).toMatchObject({ enabled: false, encryptedFrames: 0, decryptedFrames: 0 });
    expect(result?.packets.received).toBeGreaterThan(0);
    // The threshold on refused frames still has its samples: none was.
    expect(exitCode).toBe(0);
  });

  test("the same seed gives the same talk", async () => {
    const runs = [];
    for (const seed of ["7", "7", "8"]) {
      const { result } = await soundcheck(["run", "smoke", "--seed", seed, "--set", "talk=3"]);
      runs.push(result);
    }
    const names = runs.map((result) => result?.worstListeners.map(({ name }) => name).toSorted());
    expect(names[0]).toEqual(names[1]);
    expect(names[0]).not.toEqual(names[2]);
  });

  test("reports can be made again from result.json alone", async () => {
    await using run = new Soundcheck(["run", "smoke", "--set", "talk=3"]);
    const { directory } = await run.finish();
    const file = join(directory as string, "report.html");
    const before = readFileSync(file, "utf8");
    rmSync(file);
    const again = await soundcheck(["report", directory as string]);
    expect(again.exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toBe(before);
  });

  test("plain k6 drives a server and an agent started by hand", async () => {
    await using server = new Soundcheck(["serve", "--port", String(await freePort())]);
    await using agent = new Soundcheck(["agent", "--port", String(await freePort())]);
    await server.until(/room server ready: (\S+)/);
    await agent.until(/agent ready: (\S+)/);
    const target = /room server ready: (\S+)/.exec(server.output)?.[1] as string;
    const agentUrl = /agent ready: (\S+)/.exec(agent.output)?.[1] as string;
    const k6 = findK6(root)?.path as string;
    const { stdout } = await promisify(execFile)(
      k6,
      [
        "run",
        "--quiet",
        "-e",
        `TARGET=${target}`,
        "-e",
        `AGENT=${agentUrl}`,
        "-e",
        "SET=talk=3",
        join(root, "scenarios/smoke.ts"),
      ],
      { cwd: root, env: { ...process.env, K6_NO_USAGE_REPORT: "true" } },
    );
    expect(stdout).toMatch(/ok\s+session_ok: rate==1/);
    expect(stdout).not.toContain("BROKEN");
    const metrics = await (await fetch(target.replace("ws:", "http:").replace("/room", "/metrics"))).text();
    expect(metrics).toMatch(/soundcheck_server_joins_total\{[^}]*\} 7/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

test("doctor tells what is there", async () => {
  const { exitCode, stdout } = await soundcheck(["doctor"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/ok\s+k6/);
  expect(stdout).toMatch(/ok\s+mediasoup worker/);
  expect(existsSync(join(root, "bin", "soundcheck"))).toBe(true);
});
