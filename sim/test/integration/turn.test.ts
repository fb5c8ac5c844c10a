import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startServer, TestClient } from "../../server/_test-client.ts";

const secret = "a secret that coturn knows";
const programs = { server: "turnserver", client: "turnutils_uclient" };
const hasCoturn = spawnSync(programs.server, ["--version"]).error === undefined;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

/** What coturn's own client says of a few packets by the relay. */
function relay(port: number, username: string, credential: string): Promise<string> {
  return new Promise((resolve) => {
    const asked = ["-u", username, "-w", credential, "-p", String(port), "-y", "-c", "-n", "5", "127.0.0.1"];
    execFile(programs.client, asked, { timeout: 20_000 }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}

describe.skipIf(!hasCoturn)("coturn, where it is installed (apt install coturn),", () => {
  let coturn: ChildProcess;
  let port = 0;
  let directory = "";

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "soundcheck-turn-"));
    port = await freePort();
    coturn = spawn(
      programs.server,
      [
        ...["-c", "/dev/null", "--log-file", "stdout", "--pidfile", join(directory, "pid")],
        ...["--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", String(port)],
        ...["--use-auth-secret", "--static-auth-secret", secret, "--realm", "soundcheck"],
        ...["--allow-loopback-peers", "--no-tls", "--no-dtls", "--no-cli", "--userdb", join(directory, "db")],
      ],
      { stdio: "ignore", cwd: directory },
    );
    // It listens over TCP as soon as over UDP.
    await vi.waitUntil(() => accepts(port), { timeout: 10_000 });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => coturn.once("exit", resolve));
    coturn.kill("SIGKILL");
    await ended;
    await rm(directory, { recursive: true, force: true });
  });

  test("relays for who has the credentials of the answer to join, and for nobody else", async () => {
    await using server = await startServer({
      media: { turn: { urls: [`turn:127.0.0.1:${port}?transport=udp`], secret } },
    });
    const { joined } = await TestClient.join(server, { id: "l", role: "listener" });
    const [given] = joined.iceServers ?? [];
    expect(given?.username).toMatch(/^\d+:l$/);
    const { username = "", credential = "" } = given ?? {};
    expect(await relay(port, username, credential)).toContain("Total lost packets 0 (0.0");
    expect(await relay(port, username, "bm90IHRoZSBvbmU=")).toContain("Cannot complete Allocation");
    const expired = username.replace(/^\d+/, "1700000000");
    expect(await relay(port, expired, credential)).toContain("Cannot complete Allocation");
  });
});

test("without a TURN server the answer to join offers none", async () => {
  await using server = await startServer();
  const { joined } = await TestClient.join(server, { id: "l", role: "listener" });
  expect(joined.iceServers).toBeUndefined();
});
