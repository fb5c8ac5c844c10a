// The browser client of the room server, built by vite.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeLink } from "./packages.mjs";
import { run, say, secondsSince } from "./_progress.mjs";

/** All that a build is made of: what the client imports, and what builds it. */
const inputs = [
  "sim/web",
  "sim/audio",
  "sim/e2ee",
  "sim/protocol",
  "sim/util",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/**
 * Why the client is to be built.
 *
 * @param {string} root the repository
 * @returns {string | undefined} undefined when it is there and of the present sources
 */
export function webProblem(root) {
  if (!existsSync(join(webFolder(root), "index.html"))) return "not built yet";
  return read(stampFile(root)) === inputsHash(root) ? undefined : "its sources have changed";
}

/**
 * Builds the client where it is missing or old.
 *
 * @param {string} root the repository
 * @param {string} scratch a folder for what is not yet whole
 * @param {(pid: number) => void} onStart told the number of the process that builds
 */
export async function ensureWeb(root, scratch, onStart) {
  const problem = webProblem(root);
  if (problem === undefined) return;
  const begun = performance.now();
  say(`browser client: the page that the room server serves (vite), a few seconds; ${problem}`);
  const hash = inputsHash(root);
  const made = join(scratch, "web");
  const vite = join("node_modules", "vite", "bin", "vite.js");
  await run(nodeLink(root), [vite, "build", "-c", "sim/web/vite.config.ts", "--outDir", made], {
    cwd: root,
    log: join(root, ".cache", "logs", "web-build.log"),
    onStart,
  });
  rmSync(stampFile(root), { force: true });
  rmSync(webFolder(root), { recursive: true, force: true });
  renameSync(made, webFolder(root));
  writeFileSync(stampFile(root), hash);
  say(`browser client: built in ${secondsSince(begun)}`);
}

/** @param {string} root */
function webFolder(root) {
  return join(root, ".cache", "web");
}

/** @param {string} root */
function stampFile(root) {
  return join(root, ".cache", "web.inputs");
}

/**
 * One hash over all inputs but tests.
 *
 * @param {string} root
 */
function inputsHash(root) {
  const hash = createHash("sha256");
  /** @param {string} path */
  const add = (path) => {
    const full = join(root, path);
    const entries = foldersEntries(full);
    if (entries === undefined) {
      if (!path.endsWith(".test.ts")) hash.update(`${path}\0`).update(read(full) ?? "");
      return;
    }
    for (const name of entries) add(`${path}/${name}`);
  };
  for (const path of inputs) add(path);
  return hash.digest("hex");
}

/**
 * The names in a folder, in order; undefined for what is none.
 *
 * @param {string} path
 */
function foldersEntries(path) {
  try {
    return readdirSync(path).sort();
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
