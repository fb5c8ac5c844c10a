// The npm packages, and Node 24 among them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";

/** The Node that runs our TypeScript as it is. */
export const NODE_MAJOR = 24;

/**
 * @typedef {{ version?: string, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 */

/**
 * What keeps the installed packages from being those of package-lock.json.
 *
 * @param {string} root the repository
 * @returns {string | undefined} undefined when all is in place
 */
export function packagesProblem(root) {
  const folder = join(root, "node_modules");
  // npm writes its own list last, so an install that was cut short has none.
  if (!existsSync(join(folder, ".package-lock.json"))) return "not installed";
  for (const [path, locked] of Object.entries(readPackages(join(root, "package-lock.json")))) {
    if (path === "") continue;
    const file = join(root, path, "package.json");
    const found = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
    if (found === undefined && locked.optional === true && !isForThisMachine(locked)) continue;
    if (found !== locked.version) {
      return `${path.replace(/^.*node_modules\//, "")} is ${found ?? "missing"}, package-lock.json says ${locked.version}`;
    }
  }
  return undefined;
}

/**
 * Installs the packages of package-lock.json where they are not, and sees to it
 * that node_modules/.bin/node is Node 24 or newer.
 *
 * @param {string} root the repository
 * @param {(pid: number) => void} onStart told the number of the process that installs
 */
export async function ensurePackages(root, onStart) {
  // In node_modules, so that it goes when they go.
  const stamp = join(root, "node_modules", ".soundcheck-set-up");
  const hash = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamped = existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
  if (stamped && existsSync(nodeLink(root))) return;
  const problem = packagesProblem(root);
  if (problem !== undefined) {
    // Until npm is through, nothing says that they are installed.
    for (const file of [stamp, join(root, "node_modules", ".package-lock.json")])
      rmSync(file, { force: true });
    await install(root, problem, onStart);
    const left = packagesProblem(root);
    // npm goes on without an optional package that it could not download.
    if (left !== undefined) {
      throw new SetupFailure(`npm ci left something out: ${left}`, {
        fix: "run this again; if it stays so, see whether npm's registry has that package (npm config get registry)",
      });
    }
  }
  ensureNode(root);
  writeFileSync(stamp, hash);
}

/**
 * Whether an optional package is the one for this platform, which is needed as any other is. Those that
 * name no platform help only such packages.
 *
 * @param {LockedPackage} locked
 */
function isForThisMachine({ os, cpu, libc }) {
  if (os?.includes(process.platform) !== true || cpu?.includes(process.arch) !== true) return false;
  return libc === undefined || libc.includes(ownLibc());
}

/** Which C library this Node runs on; the one of a system other than Linux does not matter. */
function ownLibc() {
  // Else it would look up the names of all peers.
  Object.assign(process.report, { excludeNetwork: true });
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

/**
 * @param {string} root
 * @param {string} reason
 * @param {(pid: number) => void} onStart
 */
async function install(root, reason, onStart) {
  const begun = performance.now();
  say(`npm packages: the libraries of package-lock.json (npm ci), about 15 s; ${reason}`);
  let fetched = 0;
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http"], {
    cwd: root,
    // Not the Node in the folder that npm is about to delete.
    env: { ...process.env, PATH: pathWithout(join(root, "node_modules", ".bin")) },
    log: join(root, ".cache", "logs", "npm-ci.log"),
    progress: (line) => (line.includes("http fetch") ? `${(fetched += 1)} packages fetched` : undefined),
    onStart,
  });
  say(`npm packages: installed in ${secondsSince(begun)}`);
}

/**
 * npm brings Node for Linux (its versions before 11 forget the link); elsewhere
 * the Node that runs this has to be new enough.
 *
 * @param {string} root the repository
 */
function ensureNode(root) {
  const link = nodeLink(root);
  if (isNewEnough(nodeVersion(link))) return;
  const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  const target = [packaged, process.execPath].find((path) => isNewEnough(nodeVersion(path)));
  if (target === undefined) {
    throw new SetupFailure(
      `Node ${NODE_MAJOR} runs Soundcheck's TypeScript; this is ${process.version}, and npm has none for ${process.platform} ${process.arch}`,
      { fix: `install Node ${NODE_MAJOR} or newer, put it first on PATH, and run this again` },
    );
  }
  mkdirSync(dirname(link), { recursive: true });
  rmSync(`${link}.new`, { force: true });
  symlinkSync(target === packaged ? relative(dirname(link), target) : target, `${link}.new`);
  renameSync(`${link}.new`, link);
}

/**
 * Where scripts, and the shebangs of tools, find Node 24.
 *
 * @param {string} root the repository
 */
export function nodeLink(root) {
  return join(root, "node_modules", ".bin", "node");
}

/**
 * @param {string} path
 * @returns {string | undefined} such as "24.21.0"
 */
export function nodeVersion(path) {
  const ended = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return ended.status === 0 ? ended.stdout.trim().replace(/^v/, "") : undefined;
}

/** @param {string | undefined} version */
export function isNewEnough(version) {
  return version !== undefined && Number.parseInt(version, 10) >= NODE_MAJOR;
}

/** @param {string} folder */
function pathWithout(folder) {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((entry) => entry !== folder)
    .join(delimiter);
}

/**
 * @param {string} file a package-lock.json
 * @returns {Record<string, LockedPackage>}
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}
