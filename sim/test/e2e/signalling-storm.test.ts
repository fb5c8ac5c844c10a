/** A crowd that joins by signalling alone, driven by k6 without an agent. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findK6 } from "../../../infra/setup/tools.mjs";
import { Network, whyNoNetwork } from "./_network.ts";
import { root, Soundcheck, soundcheck, type Finished, type StartOptions } from "./_soundcheck.ts";

const storm = ["run", "signalling-storm", "--profile", "smoke"];
const clients = 200;
const noNetwork = whyNoNetwork();

function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

function reasons({ result }: Finished): string {
  return (result?.verdict.reasons ?? []).map(({ code, message }) => `${code}: ${message}`).join("\n");
}

async function served(args: string[], options: StartOptions): Promise<{ server: Soundcheck; url: string }> {
  const server = new Soundcheck(["serve", "--port", "0", ...args], options);
  await server.until(/ready: \S+/);
  return { server, url: /ready: (\S+)/.exec(server.output)?.[1] ?? "" };
}

describe("signalling-storm", () => {
  test(`${clients} clients join within 2 s, raise hands and leave: PASS, with neither agent nor media`, async () => {
    await using run = new Soundcheck(storm);
    await run.until(/driving signalling-storm/);
    expect(run.processes().some(({ command }) => / agent /.test(command))).toBe(false);
    const finished = await run.finish();
    const { result, stdout } = finished;
    expect(reasons(finished)).toBe("");
    expect(stdout).toMatch(/^PASS {2}signalling-storm\/smoke/);
    expect(finished.exitCode).toBe(0);
    expect(result?.plan).toBeNull();
    expect(result?.participants).toMatchObject({ listeners: clients, joined: clients, failed: 0 });
    expect(result?.signalling).toMatchObject({
      clients,
      joinSeconds: { n: clients },
      // All leave, and a tenth raise hands.
      answerSeconds: { n: clients + clients / 10 },
    });
    expect(result?.signalling?.joinSeconds.p99).toBeLessThan(1);
    expect(result?.thresholds.map(({ source }) => source)).not.toContain("exact");
    expect(result?.harness.limits.map(({ id }) => id)).toEqual([
      "machine-cpu",
      "iterations-dropped",
      "participants-started",
      "late-start-p99",
    ]);
    expect(run.processes()).toEqual([]);
  });

  test("runs by plain k6 against a server of its own, and finds its secret in the environment", async () => {
    const env = { SOUNDCHECK_TOKEN_SECRET: newSecret() };
    const { server, url } = await served([], { env });
    await using _server = server;
    const k6 = findK6(root)?.path ?? "";
    const args = ["run", "--quiet", "-e", "PROFILE=smoke", "-e", "SET=clients=50", "-e", `TARGET=${url}`];
    const { status, stdout } = spawnSync(k6, [...args, join(root, "scenarios", "signalling-storm.ts")], {
      env: { ...process.env, ...env, K6_NO_USAGE_REPORT: "true", K6_AUTO_EXTENSION_RESOLUTION: "false" },
      encoding: "utf8",
    });
    expect(stdout).toContain("ws_sessions: count==50");
    expect(stdout).not.toContain("BROKEN");
    expect(status).toBe(0);
  });

  test("of clients whom the server refuses is FAIL, and says why", async () => {
    const { server, url } = await served([], { env: { SOUNDCHECK_TOKEN_SECRET: newSecret() } });
    await using _server = server;
    const finished = await soundcheck([...storm, "--set", "clients=50", "--target", url], {
      env: { SOUNDCHECK_TOKEN_SECRET: newSecret() },
    });
    expect(finished.exitCode).toBe(1);
    expect(reasons(finished)).toMatch(
      /no-participant-connected: .*50 refused by the room server \(bad-token/,
    );
    expect(finished.result?.participants).toMatchObject({ joined: 0, failed: 50 });
    expect(finished.result?.signalling?.joinSeconds).toMatchObject({ n: 0, p99: null });
  });
});

describe.skipIf(noNetwork !== undefined)(
  `signalling-storm from one address beyond loopback${noNetwork ? ` (skipped: ${noNetwork})` : ""}`,
  () => {
    test.each([
      { told: false, flags: [] as string[] },
      { told: true, flags: ["--no-address-limits"] },
    ])("is limited unless the server is told that it comes (told: $told)", async ({ told, flags }) => {
      await using network = await Network.create();
      network.run("ip", "addr", "add", "10.81.0.1/32", "dev", "lo");
      const options = { env: { SOUNDCHECK_TOKEN_SECRET: newSecret() }, prefix: network.prefix };
      const { server, url } = await served(["--host", "10.81.0.1", "--insecure", ...flags], options);
      await using _server = server;
      const finished = await soundcheck([...storm, "--set", "clients=300", "--target", url], options);
      expect(finished.exitCode).toBe(told ? 0 : 1);
      if (told) expect(reasons(finished)).toBe("");
      else expect(reasons(finished)).toMatch(/session_ok rate==1/);
      const refused = finished.result?.participants.failures.find(({ cause }) => cause === "refused");
      expect(refused?.message).toEqual(told ? undefined : expect.stringContaining("too-many-requests"));
    });
  },
);
