import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { takeLock } from "./_lock.mjs";

let folder = "";
let file = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "soundcheck-lock-"));
  file = join(folder, "set-up.lock");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A process number that was in use a moment ago. */
function deadPid(): number {
  return spawnSync("true").pid;
}

describe("the lock of set-up", () => {
  test("is there while it is held, and leaves nothing behind", async () => {
    const lock = await takeLock(file);
    expect(readdirSync(folder)).toEqual(["set-up.lock"]);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("is waited for while its holder lives", async () => {
    const first = await takeLock(file);
    let waitedFor = 0;
    let taken = false;
    const second = takeLock(file, { pollMs: 1, onWait: (pid) => (waitedFor = pid) }).then((lock) => {
      taken = true;
      return lock;
    });
    await expect.poll(() => waitedFor).toBe(process.pid);
    expect(taken).toBe(false);
    first.release();
    (await second).release();
    expect(existsSync(file)).toBe(false);
  });

  test("of a process that is gone is taken over", async () => {
    writeFileSync(file, JSON.stringify([{ pid: deadPid(), started: "1" }]));
    const lock = await takeLock(file);
    expect(readFileSync(file, "utf8")).toContain(String(process.pid));
    lock.release();
  });

  test("of a process whose number another one has got is taken over", async () => {
    writeFileSync(file, JSON.stringify([{ pid: process.pid, started: "1" }]));
    (await takeLock(file)).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(["", "{", "null", "{}", '["x"]', "[null]", '[{"pid":"/"}]'])(
    "with %j in it is taken over",
    async (text) => {
      writeFileSync(file, text);
      (await takeLock(file)).release();
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("of a killed set-up is held on by the program that it started", async () => {
    const program = spawn("sleep", ["60"]);
    const lock = await takeLock(file);
    lock.addHolder(program.pid ?? 0);
    const holders: unknown[] = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify(holders.slice(1)));
    let waitedFor: number | undefined;
    const next = takeLock(file, { pollMs: 1, onWait: (pid) => (waitedFor = pid) });
    await expect.poll(() => waitedFor).toBe(program.pid);
    program.kill("SIGKILL");
    (await next).release();
  });

  test("goes to one at a time of many that find a dead one", async () => {
    writeFileSync(file, JSON.stringify([{ pid: deadPid(), started: "1" }]));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        const lock = await takeLock(file, { pollMs: 1 });
        most = Math.max(most, (inside += 1));
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
        lock.release();
      }),
    );
    expect(most).toBe(1);
  });
});
