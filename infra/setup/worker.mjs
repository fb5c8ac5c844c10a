// mediasoup's worker, the C++ program that forwards the packets.
import { execFileSync } from "node:child_process";
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
import { nodeLink } from "./packages.mjs";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";
import { placedWorker, workerKind, workerRuns } from "./tools.mjs";

/** After so long a download is given up, and the worker built. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

/**
 * Puts the worker where mediasoup looks for it: from the cache, else mediasoup's
 * prebuilt one. `npm ci` deletes it, hence the cache.
 *
 * @param {string} root the repository
 * @param {(pid: number) => void} onStart told the number of each process that installs
 * @returns {Promise<boolean>} false when there is neither: it has to be built
 */
export async function placeWorker(root, onStart) {
  const custom = process.env["MEDIASOUP_WORKER_BIN"];
  if (custom !== undefined) {
    if (workerRuns(custom)) return true;
    throw new SetupFailure(`MEDIASOUP_WORKER_BIN=${custom} is not a mediasoup worker that runs here`, {
      fix: "unset MEDIASOUP_WORKER_BIN, or name one that runs",
    });
  }
  const placed = placedWorker(root);
  const cached = cachedWorker(root);
  const known = isCurrent(root);
  if (known && workerRuns(placed)) return true;
  if (!known || !workerRuns(cached)) {
    // One that was built without this program may be the right one: the build looks.
    const builtByHand = workerKind(root) === undefined && existsSync(`${cached}.inputs`);
    if (builtByHand || !(await download(root, onStart))) return false;
    place(placed, cached);
    record(root, { origin: "prebuilt", name: "prebuilt" });
  }
  place(cached, placed);
  return true;
}

/**
 * The system packages that the build of the worker lacks.
 *
 * @param {string} root the repository
 * @returns {import("./apt.mjs").Need}
 */
export function workerNeed(root) {
  const script = buildScript(root);
  const lacking = execFileSync(script, ["--missing"], { encoding: "utf8" }).trim();
  const packages = execFileSync(script, ["--packages"], { encoding: "utf8" }).trim().split(/\s+/);
  return { use: "the build of mediasoup's worker", packages: lacking === "" ? [] : packages };
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
 * Builds the worker from source, and puts it where mediasoup looks for it.
 *
 * @param {string} root the repository
 * @param {string} scratch a folder for what is not yet whole
 * @param {(pid: number) => void} onStart told the number of each process that installs
 */
export async function buildWorker(root, scratch, onStart) {
  const begun = performance.now();
  const cached = cachedWorker(root);
  say("mediasoup worker: building it from the npm package's sources, 3 to 5 minutes on two cores");
  await run(buildScript(root), [mediasoupFolder(root), cached], {
    env: { ...process.env, TMPDIR: scratch },
    log: join(root, ".cache", "logs", "worker-build.log"),
    progress: (line) => /^\[\d+\/\d+\]/.exec(line)?.[0] ?? /^mediasoup-worker: (.*)/.exec(line)?.[1],
    onStart,
  });
  const name = readFileSync(`${cached}.kind`, "utf8").trim();
  record(root, { origin: "source", name, recipe: recipeHash(root) });
  place(cached, placedWorker(root));
  say(`mediasoup worker: built in ${secondsSince(begun)}; it is ${name}`);
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

/** @param {string} root */
function buildScript(root) {
  return join(root, "infra", "mediasoup-worker", "build.sh");
}
