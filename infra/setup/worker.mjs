// mediasoup's worker, the C++ program that forwards the packets.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { installSystemPackages } from "./apt.mjs";
import { nodeLink } from "./packages.mjs";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";
import { placedWorker, workerKind, workerRuns } from "./tools.mjs";

/** After so long a download is given up, and the worker built. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * Puts the worker where mediasoup looks for it: from the cache, else mediasoup's
 * prebuilt one, else built from source. `npm ci` deletes it, hence the cache.
 *
 * @param {string} root the repository
 * @param {string} scratch a folder for what is not yet whole
 * @param {(pid: number) => void} onStart told the number of each process that installs
 */
export async function ensureWorker(root, scratch, onStart) {
  const custom = process.env["MEDIASOUP_WORKER_BIN"];
  if (custom !== undefined) {
    if (workerRuns(custom)) return;
    throw new SetupFailure(`MEDIASOUP_WORKER_BIN=${custom} is not a mediasoup worker that runs here`, {
      fix: "unset MEDIASOUP_WORKER_BIN, or name one that runs",
    });
  }
  const placed = placedWorker(root);
  const cached = cachedWorker(root);
  const known = isCurrent(root);
  if (known && workerRuns(placed)) return;
  if (!known || !workerRuns(cached)) await obtain(root, scratch, onStart);
  place(cached, placed);
}

/**
 * Whether the worker was made for the installed mediasoup, and if built, by the present recipe.
 *
 * @param {string} root the repository
 */
export function isCurrent(root) {
  const kind = workerKind(root);
  if (kind === undefined || kind.mediasoup !== mediasoupVersion(root)) return false;
  return kind.origin !== "source" || kind.recipe === recipeHash(root);
}

/**
 * Fills the cache, and says there which kind of worker it is.
 *
 * @param {string} root
 * @param {string} scratch
 * @param {(pid: number) => void} onStart
 */
async function obtain(root, scratch, onStart) {
  const cached = cachedWorker(root);
  // One that was built without this program may be the right one.
  const builtByHand = workerKind(root) === undefined && existsSync(`${cached}.inputs`);
  if (!builtByHand && (await download(root, onStart))) {
    place(placedWorker(root), cached);
    record(root, { origin: "prebuilt", name: "prebuilt" });
    return;
  }
  await build(root, scratch, onStart);
  const name = readFileSync(`${cached}.kind`, "utf8").trim();
  record(root, { origin: "source", name, recipe: recipeHash(root) });
}

/**
 * Downloads mediasoup's own prebuilt worker.
 *
 * @param {string} root
 * @param {(pid: number) => void} onStart
 * @returns {Promise<boolean>} false when it is out of reach, or does not run here
 */
async function download(root, onStart) {
  const begun = performance.now();
  say("mediasoup worker: forwards the packets; looking for a prebuilt one");
  try {
    await run(nodeLink(root), ["npm-scripts.mjs", "postinstall"], {
      cwd: mediasoupFolder(root),
      // Where the download fails, the script turns to a build of its own, which
      // downloads yet more. Without a Python that gives up at once.
      env: { ...process.env, PYTHON: "false" },
      log: join(root, ".cache", "logs", "worker-download.log"),
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
      onStart,
    });
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    say("mediasoup worker: no prebuilt one can be had here");
    return false;
  }
  if (!workerRuns(placedWorker(root))) return false;
  say(`mediasoup worker: prebuilt one downloaded in ${secondsSince(begun)}`);
  return true;
}

/**
 * Builds the worker, with the system packages that it needs.
 *
 * @param {string} root
 * @param {string} scratch
 * @param {(pid: number) => void} onStart
 */
async function build(root, scratch, onStart) {
  const script = join(root, "infra", "mediasoup-worker", "build.sh");
  if (spawnSync(script, ["--missing"], { encoding: "utf8" }).stdout.trim() !== "") {
    const packages = execFileSync(script, ["--packages"], { encoding: "utf8" }).trim().split(/\s+/);
    await installSystemPackages(root, packages, "the build of mediasoup's worker", onStart);
  }
  const begun = performance.now();
  say("mediasoup worker: building it from the npm package's sources, about 2 minutes on two cores");
  await run(script, [mediasoupFolder(root), cachedWorker(root)], {
    env: { ...process.env, TMPDIR: scratch },
    log: join(root, ".cache", "logs", "worker-build.log"),
    progress: (line) => /^\[\d+\/\d+\]/.exec(line)?.[0] ?? /^mediasoup-worker: (.*)/.exec(line)?.[1],
    onStart,
  });
  say(
    `mediasoup worker: built in ${secondsSince(begun)}; it is ${readFileSync(`${cachedWorker(root)}.kind`, "utf8").trim()}`,
  );
}

/**
 * Copies a worker so that it is there as a whole or not at all.
 *
 * @param {string} from
 * @param {string} to
 */
function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/**
 * @param {string} root
 * @param {Omit<import("./tools.mjs").WorkerKind, "mediasoup">} kind
 */
function record(root, kind) {
  const file = join(root, ".cache", "worker-kind.json");
  writeFileSync(
    `${file}.new`,
    `${JSON.stringify({ ...kind, mediasoup: mediasoupVersion(root) }, undefined, 2)}\n`,
  );
  renameSync(`${file}.new`, file);
}

/**
 * One hash over all files that decide what a build comes to.
 *
 * @param {string} root
 */
function recipeHash(root) {
  const hash = createHash("sha256");
  /** @param {string} folder */
  const add = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) add(path);
      else if (entry.name !== "README.md") hash.update(`${entry.name}\0`).update(readFileSync(path));
    }
  };
  add(join(root, "infra", "mediasoup-worker"));
  return hash.digest("hex");
}

/** @param {string} root */
function mediasoupVersion(root) {
  return JSON.parse(readFileSync(join(mediasoupFolder(root), "package.json"), "utf8")).version;
}

/** @param {string} root */
function mediasoupFolder(root) {
  return join(root, "node_modules", "mediasoup");
}

/** @param {string} root */
function cachedWorker(root) {
  return join(root, ".cache", "mediasoup-worker");
}
