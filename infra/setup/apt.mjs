// System packages: installed where we may, else asked for in one line.
import { join } from "node:path";
import { run, say, secondsSince, SetupFailure } from "./_progress.mjs";
import { findOnPath } from "./tools.mjs";

/**
 * @typedef {{ use: string, packages: readonly string[] }} Need what Debian's packages are for, and which they are
 */

/**
 * The line with which a person runs commands as root.
 *
 * @param {readonly string[]} commands without quotes in them
 */
export function rootLine(commands) {
  if (process.getuid?.() === 0) return commands.join(" && ");
  if (findOnPath("sudo") !== undefined) return commands.map((command) => `sudo ${command}`).join(" && ");
  // With root's own PATH, which dpkg wants.
  return `su - -c '${commands.join(" && ")}'`;
}

/**
 * The line with which a person installs Debian packages.
 *
 * @param {readonly string[]} packages
 */
export function aptLine(packages) {
  if (findOnPath("apt-get") === undefined) {
    return `with your system's package manager install what Debian calls ${packages.join(", ")}`;
  }
  return rootLine(["apt-get update", `apt-get install -y --no-install-recommends ${packages.join(" ")}`]);
}

/**
 * Installs Debian packages as root: all at once, so that who is not root is told of all of them in one line.
 *
 * @param {string} root the repository
 * @param {readonly Need[]} needs those without packages count for nothing
 * @param {(pid: number) => void} onStart told the number of each process that installs
 * @returns {Promise<void>} rejects with a SetupFailure that says what to install, where we may not
 */
export async function installSystemPackages(root, needs, onStart) {
  const real = needs.filter(({ packages }) => packages.length > 0);
  if (real.length === 0) return;
  const packages = real.flatMap((need) => need.packages);
  const uses = real.map(({ use }) => use).join(" and ");
  if (findOnPath("apt-get") === undefined || process.getuid?.() !== 0) {
    throw new SetupFailure(`system packages are missing for ${uses}, and set-up may not install them`, {
      fix: aptLine(packages),
    });
  }
  const begun = performance.now();
  say(`system packages for ${uses}: ${packages.join(" ")} (apt-get)`);
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
