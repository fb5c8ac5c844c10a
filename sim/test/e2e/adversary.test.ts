/** What goes wrong in the harness is not blamed on the server, what goes wrong in the server is not missed. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Meddler, type Meddling, type Message } from "./_meddler.ts";
import { root, Soundcheck, soundcheck, type Finished } from "./_soundcheck.ts";

const room = ["--set", "listeners=10", "--set", "conversation=monologue"];
const allIn = /listeners 10\/10/;

/** A run through a proxy that meddles with signalling. */
async function runMeddled(args: string[], meddling: Meddling): Promise<Finished> {
  const env = { SOUNDCHECK_TOKEN_SECRET: randomBytes(32).toString("base64url") };
  await using server = new Soundcheck(["serve", "--port", "0"], { env });
  await server.until(/room server ready/);
  const target = /room server ready: (\S+)/.exec(server.output)?.[1] ?? "";
  await using meddler = await Meddler.create(target, meddling);
  return await soundcheck(["run", "smoke", ...room, "--target", meddler.url, ...args], { env });
}

function reasons({ result }: Finished): string[] {
  return (result?.verdict.reasons ?? []).map(({ code, message }) => `${code}: ${message}`);
}

describe("a room server that misleads by its signalling", () => {
  test("a ghost in the audience, of whom only the stage is told: FAIL, and it is named as one who can hear", async () => {
    let told = false;
    const { publicKey } = generateKeyPairSync("x25519");
    const ghost = {
      participantId: "ghost",
      name: "Nobody",
      role: "listener",
      seat: null,
      publicKey: publicKey.export({ format: "raw-public" }).toString("base64url"),
    };
    const finished = await runMeddled(["--set", "talk=7"], {
      down(account, message, to) {
        if (!told && account === "speaker-0" && message.event === "memberJoined") {
          told = true;
          for (const whom of ["speaker-0", "speaker-1"]) {
            to(whom, { event: "memberJoined", body: { member: ghost } });
          }
        }
        return message;
      },
    });
    expect(told).toBe(true);
    expect(finished.exitCode).toBe(1);
    expect(reasons(finished)).toContainEqual(
      expect.stringMatching(/^stranger-keyed: .*: ghost\. They can hear\.$/),
    );
    expect(finished.result?.e2ee.strangers).toEqual(["ghost"]);
  });

  test("no key, a stranger's key, or a paused stream for one listener each: FAIL, each is counted and named", async () => {
    const finished = await runMeddled(["--set", "talk=7"], {
      down(account, message, to) {
        if (message.event === "sealed") {
          if (account === "listener-3") return undefined;
          if (account === "listener-4") to("listener-5", message);
          if (account === "listener-4" || account === "listener-5") return undefined;
        }
        return account === "listener-6" ? withStreamsPaused(message) : message;
      },
    });
    expect(finished.exitCode, finished.stdout).toBe(1);
    expect(reasons(finished)[0]).toMatch(/listener-heard-nothing: 4 of 10 listeners heard not one frame: .*/);
    const deaf = finished.result?.worstListeners.filter((listener) => listener.deaf) ?? [];
    expect(new Set(deaf.map(({ index }) => index))).toEqual(new Set([3, 4, 5, 6]));
    // Nothing was lost of what the server admitted to: only the deaf tell.
    expect(finished.result?.packets.lost).toBe(0);
    expect(deaf.find(({ index }) => index === 3)?.refused).toBeGreaterThan(100);
    expect(deaf.find(({ index }) => index === 6)?.expected).toBeLessThan(50);
  });

  test("no stream is announced to anybody: FAIL, no listener heard anything", async () => {
    const finished = await runMeddled(["--set", "talk=5"], {
      down: (account, message) => {
        if (!account.startsWith("listener")) return message;
        if (message.event === "streamAdded") return undefined;
        const { body } = message;
        return body?.["streams"] === undefined ? message : { ...message, body: { ...body, streams: [] } };
      },
    });
    expect(finished.exitCode, finished.stdout).toBe(1);
    expect(reasons(finished)[0]).toMatch(/no-listener-heard: No listener heard anything/);
  });

  test("nobody's leave is answered: FAIL, though everything was heard until then", async () => {
    const finished = await runMeddled(["--set", "talk=4"], {
      up: (_account, message) => (message.request === "leave" ? undefined : message),
    });
    expect(finished.exitCode, finished.stdout).toBe(1);
    expect(finished.result?.packets.lost).toBe(0);
    expect(reasons(finished).at(-1)).toMatch(
      /sessions-broken: 12 sessions broke: .*no answer to leave in time/,
    );
  });

  test("nobody listens at the address: FAIL at once, saying so, whatever else the machine is at", async () => {
    const env = { SOUNDCHECK_TOKEN_SECRET: randomBytes(32).toString("base64url") };
    const finished = await soundcheck(["run", "smoke", "--target", "ws://127.0.0.1:9/room"], { env });
    expect(finished.exitCode).toBe(1);
    expect(reasons(finished)).toEqual([
      "server-unreachable: The room server does not answer at ws://127.0.0.1:9/room: connect ECONNREFUSED 127.0.0.1:9.",
    ]);
    expect(finished.stderr).not.toContain("starting");
  });
});

describe("a harness that breaks", () => {
  test.each([
    ["the agent", / agent /, /^agent-died: The fleet agent was killed by SIGKILL/],
    ["k6", /k6 run/, /^k6-crashed: k6 was killed/],
  ])("%s killed: INVALID, soon over, no process left", async (_name, program, reason) => {
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "talk=60"]);
    await run.until(allIn);
    process.kill(run.pidOf(program), "SIGKILL");
    const finished = await run.finish();
    expect(finished.exitCode, finished.stdout).toBe(3);
    expect(reasons(finished)[0]).toMatch(reason);
    expect(reasons(finished).join("\n")).not.toMatch(/No participant ever joined|server-/);
    expect(finished.seconds).toBeLessThan(45);
    expect(run.processes()).toEqual([]);
  });

  test("the run itself killed while the audience arrives: nothing is left running", async () => {
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "join=60", "--set", "talk=60"]);
    await run.until(/listeners 1\/10/);
    expect(run.processes().length).toBeGreaterThan(6);
    process.kill(run.pidOf(/main\.ts run/), "SIGKILL");
    await expect.poll(() => run.processes(), { timeout: 10_000, interval: 200 }).toEqual([]);
  });
});

describe("Ctrl-C", () => {
  test.each(["starting the room server", "starting the fleet agent"])(
    "while %s: 130 at once, nobody blamed, nothing left",
    async (phase) => {
      await using run = new Soundcheck(["run", "smoke"]);
      await run.until(new RegExp(phase));
      run.interrupt();
      const finished = await run.finish();
      expect(finished.exitCode).toBe(130);
      expect(finished.stderr).toMatch(/soundcheck: interrupted before anything was measured\n$/);
      expect(finished.stdout).toBe("");
      expect(readdirSync(run.out)).toEqual([]);
      expect(run.processes()).toEqual([]);
      // A start-up takes about two seconds; the longest wait inside is fifteen.
      expect(finished.seconds).toBeLessThan(14);
    },
  );

  test("three times while the room talks is one interrupt, and the run ends without waiting", async () => {
    await using run = new Soundcheck(["run", "smoke", ...room, "--set", "talk=60"]);
    await run.until(allIn);
    const interruptedMs = performance.now();
    for (let n = 0; n < 3; n++) run.interrupt();
    const finished = await run.finish();
    expect(finished.exitCode).toBe(130);
    expect(reasons(finished)[0]).toMatch(/^interrupted/);
    expect(performance.now() - interruptedMs).toBeLessThan(14_000);
    expect(run.processes()).toEqual([]);
  });
});

test.each([
  ["stdout", "| :"],
  ["stderr", "2>&1 >/dev/null | :"],
])(
  "whoever reads %s may go before the end, without a stack, and without another exit code",
  (_name, pipe) => {
    const command = `{ sleep 0.2; '${join(root, "bin", "soundcheck")}' report /nonexistent; echo $? >&3; } 3>&2 ${pipe}`;
    const help = command.replace("report /nonexistent", "--help");
    for (const [text, exitCode] of [
      [command, "2"],
      [help, "0"],
    ] as const) {
      const { stderr } = spawnSync("sh", ["-c", text], { encoding: "utf8" });
      expect(stderr.trim().split("\n").at(-1)).toBe(exitCode);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
);

/** What tells of streams, with each of them said to be paused. */
function withStreamsPaused(message: Message): Message {
  const { body } = message;
  const paused = (stream: unknown): object => ({ ...(stream as object), paused: true });
  if (message.event === "streamAdded") return { ...message, body: { stream: paused(body?.["stream"]) } };
  const streams = body?.["streams"] as unknown[] | undefined;
  return streams === undefined ? message : { ...message, body: { ...body, streams: streams.map(paused) } };
}
