import { once } from "node:events";
import { WebSocket } from "ws";
import { afterEach, describe, expect, test } from "vitest";
import { mintToken } from "../../protocol/token.ts";
import { toBase64Url } from "../../util/bytes.ts";
import { root, Soundcheck } from "./_soundcheck.ts";

const secret = new Uint8Array(32).fill(9);
const env = { SOUNDCHECK_TOKEN_SECRET: toBase64Url(secret) };
const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

async function served(command: Soundcheck): Promise<string> {
  await command.until(/ready: \S+/);
  return /ready: (\S+)/.exec(command.output)?.[1] ?? "";
}

/** A participant who is in. */
async function joined(url: string, id: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  sockets.push(socket);
  await once(socket, "open");
  const subject = { sub: id, room: "room", role: "listener" as const, name: id };
  const token = await mintToken(secret, subject, 60);
  socket.send(JSON.stringify({ id: 1, request: "join", body: { version: 1, token } }));
  await once(socket, "message");
  return socket;
}

describe("soundcheck serve", () => {
  test("told to stop, drains by its deadline, and says how many left and how many were cut", async () => {
    await using command = new Soundcheck(["serve", "--port", "0", "--drain", "3"], { env });
    const url = await served(command);
    const leaver = await joined(url, "leaver");
    await joined(url, "stayer");
    const told = once(leaver, "message");
    process.kill(command.pidOf(/main\.ts serve/), "SIGTERM");
    expect(String(await told)).toContain('"draining"');
    leaver.send(JSON.stringify({ id: 2, request: "leave", body: {} }));
    const { exitCode, stdout } = await command.finish();
    expect(stdout.split("\n").at(-2)).toBe("drained 2 participants: 1 left, 0 lost, 0 removed, 1 cut");
    expect(exitCode).toBe(0);
  });

  test("stopped by Ctrl-C, drains with its media still there until all are out", async () => {
    await using command = new Soundcheck(["serve", "--port", "0", "--drain", "3600", "--workers", "2"], {
      env,
    });
    const url = await served(command);
    const leavers = [await joined(url, "one"), await joined(url, "two")];
    const told = Promise.all(leavers.map((leaver) => once(leaver, "message")));
    const workers = (): number[] =>
      command.processes().flatMap(({ pid, command: line }) => (/mediasoup-worker/.test(line) ? [pid] : []));
    const before = workers();
    expect(before).toHaveLength(2);
    command.interrupt();
    for (const message of await told) expect(String(message)).toContain('"draining"');
    for (const leaver of leavers) {
      const answer = once(leaver, "message");
      leaver.send(JSON.stringify({ id: 2, request: "openTransport", body: { direction: "receive" } }));
      expect(String(await answer)).toContain('"transportId"');
    }
    // One that ended with the terminal's signal would have been replaced.
    expect(workers()).toEqual(before);
    for (const leaver of leavers) leaver.send(JSON.stringify({ id: 3, request: "leave", body: {} }));
    const { exitCode, stdout } = await command.finish();
    expect(stdout.split("\n").at(-2)).toBe("drained 2 participants: 2 left, 0 lost, 0 removed, 0 cut");
    expect(exitCode).toBe(0);
    expect(command.processes()).toEqual([]);
  });

  test("killed outright, leaves no media worker behind", async () => {
    await using command = new Soundcheck(["serve", "--port", "0", "--workers", "2"], { env });
    await served(command);
    process.kill(command.pidOf(/main\.ts serve/), "SIGKILL");
    await command.finish();
    await expect.poll(() => command.processes(), { timeout: 5000 }).toEqual([]);
  });

  test("told to stop twice, waits no longer", async () => {
    await using command = new Soundcheck(["serve", "--port", "0", "--drain", "3600"], { env });
    const stayer = await joined(await served(command), "stayer");
    const told = once(stayer, "message");
    const pid = command.pidOf(/main\.ts serve/);
    process.kill(pid, "SIGTERM");
    await told;
    process.kill(pid, "SIGTERM");
    const { exitCode, stdout } = await command.finish();
    expect(stdout).toContain("drained 1 participants: 0 left, 0 lost, 0 removed, 1 cut");
    expect(exitCode).toBe(0);
  });

  test("with --tls dev serves HTTPS and WSS", async () => {
    await using command = new Soundcheck(["serve", "--port", "0", "--tls", "dev"], { env });
    expect(await served(command)).toMatch(/^wss:\/\/127\.0\.0\.1:\d+\/room$/);
    command.interrupt();
    expect((await command.finish()).exitCode).toBe(0);
  });

  test.each([
    [["--host", "0.0.0.0"], /needs TLS/],
    [["--tls-cert", "x.pem"], /given together/],
    [["--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"], /nowhere\.pem cannot be read/],
    [["--tls", "dev", "--tls-cert", "x.pem"], /cannot be used with/],
    [["--webhook", "https://hooks.example/"], /SOUNDCHECK_WEBHOOK_SECRET/],
    [["--drain", "soon"], /whole seconds/],
  ])("refuses %j, saying why, with exit code 2", async (flags, why) => {
    await using command = new Soundcheck(["serve", "--port", "0", ...flags], { env });
    const { exitCode, stderr } = await command.finish();
    expect(stderr).toMatch(why);
    expect(exitCode).toBe(2);
  });

  test("refuses a store that is another file, with exit code 4", async () => {
    const file = `${root}/package.json`;
    await using command = new Soundcheck(["serve", "--port", "0", "--data", file], { env });
    const { exitCode, stderr } = await command.finish();
    expect(stderr).toContain(`${file} cannot be used as the store`);
    expect(exitCode).toBe(4);
  });
});
