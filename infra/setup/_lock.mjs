// One set-up at a time. The lock is a file that names the processes that hold
// it; it is free as soon as none of them lives, so a killed set-up leaves no
// lock behind, and one whose `npm ci` still runs is waited for.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @typedef {{ pid: number, started: string }} Holder `started` tells a process from a later one with its number
 * @typedef {{ addHolder: (pid: number) => void, release: () => void }} Lock
 */

/**
 * Waits until the lock is free, and takes it.
 *
 * @param {string} file
 * @param {{ onWait?: (pid: number) => void, pollMs?: number }} [options] `onWait` is called once, `pollMs` is 250
 * @returns {Promise<Lock>}
 */
export async function takeLock(file, options = {}) {
  mkdirSync(dirname(file), { recursive: true });
  const own = `${file}.${randomUUID()}`;
  const holders = [holder(process.pid)];
  const write = () => writeFileSync(own, JSON.stringify(holders));
  let waiting = false;
  for (;;) {
    write();
    try {
      // Unlike a rename, a link fails when there is a lock already.
      linkSync(own, file);
      rmSync(own);
      return {
        addHolder: (pid) => {
          holders.push(holder(pid));
          write();
          renameSync(own, file);
        },
        release: () => rmSync(file, { force: true }),
      };
    } catch (error) {
      rmSync(own, { force: true });
      if (!isCode(error, "EEXIST")) throw error;
    }
    const text = readIfThere(file);
    const alive = parse(text).find(isAlive);
    if (alive !== undefined) {
      if (!waiting) options.onWait?.(alive.pid);
      waiting = true;
      await sleep(options.pollMs ?? 250);
    } else if (text !== undefined) {
      removeStale(file, text);
    }
  }
}

/**
 * Removes the lock file that held `text`. Another may have done that, and taken
 * the lock, meanwhile: then what was moved away is put back.
 *
 * @param {string} file
 * @param {string} text
 */
function removeStale(file, text) {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") !== text) linkSync(aside, file);
  } catch (error) {
    if (!isCode(error, "ENOENT") && !isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** @param {number} pid */
function holder(pid) {
  return { pid, started: startOf(pid) ?? "" };
}

/** @param {Holder} candidate */
function isAlive(candidate) {
  const started = startOf(candidate.pid);
  return started !== undefined && started === candidate.started;
}

/**
 * When a process started, in whatever unit the system has; undefined when there is none.
 *
 * @param {number} pid
 */
function startOf(pid) {
  try {
    if (process.platform === "linux") {
      // The name, field 2, may have spaces in it; the start is field 22.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
      return fields[0] === "Z" ? undefined : fields[19];
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * @param {string | undefined} text
 * @returns {Holder[]} none when it is not a lock of ours
 */
function parse(text) {
  try {
    const holders = JSON.parse(text ?? "[]");
    return Array.isArray(holders) ? holders.filter((one) => Number.isSafeInteger(one?.pid)) : [];
  } catch {
    return [];
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isCode(error, code) {
  return error instanceof Error && "code" in error && error.code === code;
}
