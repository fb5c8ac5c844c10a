// System packages: installed where we may, else asked for in one line.
import { join } from "node:path";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";
import { findOnPath } from "./tools.mjs";

/**
 * The line with which a person installs Debian packages.
 *
 * @param {readonly string[]} packages
 */
export function aptLine(packages) {
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages.join(" ")}`;
}

/**
 * Installs Debian packages as root.
 *
 * @param {string} root the repository
 * @param {readonly string[]} packages
 * @param {string} why what they are for
 * @param {(pid: number) => void} onStart told the number of each process that installs
 * @returns {Promise<void>} rejects with a SetupFailure that says what to install, where we may not
 */
export async function installSystemPackages(root, packages, why, onStart) {
  if (findOnPath("apt-get") === undefined) {
    throw new SetupFailure(`${why} needs what Debian calls ${packages.join(", ")}`, {
      fix: "install these with your system's package manager, and run this again",
    });
  }
  if (process.getuid?.() !== 0) {
    throw new SetupFailure(`${why} needs system packages, and this is not root`, { fix: aptLine(packages) });
  }
  const begun = performance.now();
  say(`system packages for ${why}: ${packages.join(" ")} (apt-get)`);
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    progress: (/** @type {string} */ line) => (/^(Get:|Unpacking|Setting up)/.test(line) ? line : undefined),
    onStart,
  };
  const log = join(root, ".cache", "logs", "apt-get.log");
  await run("apt-get", ["update"], { ...options, log });
  const install = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", ...packages];
  await run("apt-get", install, { ...options, log });
  say(`system packages: installed in ${secondsSince(begun)}`);
}
