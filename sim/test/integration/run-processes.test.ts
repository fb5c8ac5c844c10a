import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ManagedProcess, startProgram, startService } from "../../run/processes.ts";
import { childrenOf, usageOf, UsageSampler } from "../../run/process-usage.ts";

let directory: string;
let scripts = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "soundcheck-processes-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function script(source: string): string {
  const path = join(directory, `child-${scripts++}.mjs`);
  writeFileSync(path, source);
  return path;
}

const log = (): string => join(directory, `${scripts++}.log`);

function service(source: string, timeoutMs = 10_000) {
  const file = log();
  const started = startService({
    name: "helper",
    cli: script(source),
    args: ["serve"],
    env: {},
    log: file,
    timeoutMs,
  });
  return { started, file };
}

/** Whether a process is there, and no zombie. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const stay = "setInterval(() => undefined, 1000);";
const ready = `process.send({ type: "ready", url: "http://127.0.0.1:1", details: { workers: 2 } });`;

describe("a service", () => {
  test("is there once it says so, keeps what it says, and ends when we let it go", async () => {
    const { started, file } = service(
      `process.on("disconnect", () => process.exit(7)); console.error("serving", process.argv[2]); ${ready} ${stay}`,
    );
    const helper = await started;
    expect(helper.ready).toEqual({ type: "ready", url: "http://127.0.0.1:1", details: { workers: 2 } });
    await expect.poll(() => helper.process.tail).toBe("serving serve\n");
    expect(helper.process.hasEnded).toBe(false);
    await helper.process.stop();
    expect(await helper.process.ended).toEqual({ code: 7, signal: null });
    expect(helper.process.hasEnded).toBe(true);
    await helper.process.silent;
    await expect.poll(() => readFileSync(file, "utf8")).toBe("serving serve\n");
    await helper.process.stop();
  });

  test("that fails says why, with its own code, words and hint, and is gone", async () => {
    const failing = `process.send({ type: "failed", code: "port-in-use", message: "port 1 is in use", hint: "another" }); ${stay}`;
    await expect(service(failing).started).rejects.toMatchObject({
      name: "SetupError",
      code: "port-in-use",
      message: "port 1 is in use",
      hint: "another",
    });
    await expect.poll(() => childrenOf(process.pid)).toEqual([]);
  });

  test("that dies says how, with its last words", async () => {
    const dying = `console.error("x".repeat(100_000)); console.error("cannot find the corpus"); process.exitCode = 3;`;
    await expect(service(dying).started).rejects.toMatchObject({
      code: "helper-died",
      message: expect.stringMatching(
        /^the helper exited with 3 while starting:\n[^]*cannot find the corpus$/,
      ),
    });
    await expect(service(`process.kill(process.pid, "SIGKILL"); ${stay}`).started).rejects.toMatchObject({
      message: expect.stringContaining("was killed by SIGKILL"),
    });
  });

  test("that never says anything is given up, and is gone", async () => {
    await expect(service(stay, 200).started).rejects.toMatchObject({
      code: "helper-timeout",
      message: "the helper did not come up in time",
    });
    await expect.poll(() => childrenOf(process.pid)).toEqual([]);
  });

  test("that clings to life is killed after the grace period", async () => {
    const helper = await service(
      `process.on("disconnect", () => undefined); process.on("SIGTERM", () => undefined); ${ready} ${stay}`,
    ).started;
    const { pid } = helper.process;
    await helper.process.stop(100);
    expect(await helper.process.ended).toEqual({ code: null, signal: "SIGKILL" });
    expect(lives(pid)).toBe(false);
  });

  test("whose log cannot be written is there all the same", async () => {
    const { process: managed } = await startService({
      name: "helper",
      cli: script(`process.on("disconnect", () => process.exit(0)); console.log("hello"); ${ready} ${stay}`),
      args: [],
      env: {},
      log: "/dev/null/no.log",
    });
    await expect.poll(() => managed.tail).toBe("hello\n");
    await managed.stop();
  });
});

describe("a program", () => {
  const program = (source: string): ManagedProcess =>
    startProgram("program", process.execPath, [script(source)], { env: {}, cwd: directory, log: log() });

  test("is asked to end by SIGTERM, and tells how it ended", async () => {
    const polite = program(`process.on("SIGTERM", () => process.exit(5)); console.log("up"); ${stay}`);
    await expect.poll(() => polite.tail).toBe("up\n");
    await polite.stop();
    expect(await polite.ended).toEqual({ code: 5, signal: null });
  });

  test("that ignores SIGTERM is killed after the grace period", async () => {
    const deaf = program(`process.on("SIGTERM", () => console.log("no")); console.log("up"); ${stay}`);
    await expect.poll(() => deaf.tail).toBe("up\n");
    await deaf.stop(200);
    expect(await deaf.ended).toEqual({ code: null, signal: "SIGKILL" });
    await deaf.silent;
    expect(deaf.tail).toBe("up\nno\n");
  });

  test("that cannot be started has ended at once", async () => {
    const missing = startProgram("k6", join(directory, "no-such-program"), [], {
      env: {},
      cwd: directory,
      log: log(),
    });
    expect(await missing.ended).toEqual({ code: null, signal: null });
    await missing.stop();
    missing.signal("SIGINT");
  });

  test("keeps only the end of what it said", async () => {
    const chatty = program(`for (let i = 0; i < 5000; i++) console.log("line", i);`);
    await chatty.silent;
    expect(chatty.tail.length).toBeLessThanOrEqual(4000);
    expect(chatty.tail.endsWith("line 4999\n")).toBe(true);
  });
});

// Linux alone tells of other processes by /proc.
describe.skipIf(process.platform !== "linux")("what processes use", () => {
  test("is their CPU time and memory from when they are watched, and their children's by name", async () => {
    const child = spawn(process.execPath, ["-e", `console.log("up"); ${stay}`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await new Promise((resolve) => {
      child.stdout.once("data", resolve);
    });
    const sampler = new UsageSampler();
    sampler.watch("test", process.pid, (index) => `child-${index}`);
    // Until 100 ms of CPU are used up, however long that takes here.
    const before = process.cpuUsage();
    for (let spent = 0; spent < 100_000;) {
      const { user, system } = process.cpuUsage(before);
      spent = user + system;
    }
    sampler.stop();
    const usages = sampler.usages();
    expect(usages.map(({ name, pid }) => [name, pid])).toEqual([
      ["test", process.pid],
      ["child-0", child.pid],
    ]);
    const [own, other] = usages;
    // /proc counts in hundredths of a second.
    expect(own?.cpuSeconds).toBeGreaterThanOrEqual(0.08);
    expect(own?.cpuSeconds).toBeLessThanOrEqual((own?.wallSeconds ?? 0) * 8 + 0.05);
    expect(other?.cpuSeconds).toBeLessThan(own?.cpuSeconds ?? 0);
    for (const { maxRssBytes } of usages) expect(maxRssBytes).toBeGreaterThan(10 * 1024 * 1024);
    expect(sampler.machineBusyRatio).toBeGreaterThan(0);
    expect(sampler.machineBusyRatio).toBeLessThanOrEqual(1);
    child.kill("SIGKILL");
  });

  test("stays known after they have ended, over the time that they were there", async () => {
    const child = spawn(process.execPath, ["-e", stay]);
    const sampler = new UsageSampler();
    sampler.watch("short", child.pid ?? 0);
    sampler.sample();
    const whileThere = sampler.usages();
    child.kill("SIGKILL");
    await expect.poll(() => usageOf(child.pid ?? 0)).toBeUndefined();
    sampler.stop();
    expect(sampler.usages()).toEqual(whileThere);
  });

  test("of a process that is not there is nothing", () => {
    expect(usageOf(0)).toBeUndefined();
    expect(childrenOf(2 ** 30)).toEqual([]);
    const sampler = new UsageSampler();
    sampler.watch("nobody", 2 ** 30, (index) => `child-${index}`);
    sampler.stop();
    expect(sampler.usages()).toEqual([]);
  });

  test("is not counted twice for a process that is watched twice", () => {
    const sampler = new UsageSampler();
    sampler.watch("one", process.pid);
    sampler.watch("two", process.pid);
    sampler.stop();
    expect(sampler.usages().map(({ name }) => name)).toEqual(["one"]);
  });
});
