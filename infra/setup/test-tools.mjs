// What only the tests need: programs that make networks and break them.
import { installSystemPackages } from "./apt.mjs";
import { say, SetupFailure } from "./_progress.mjs";
import { findOnPath } from "./tools.mjs";

const needs = [
  {
    use: "tests that break a network",
    packageOf: { nft: "nftables", ip: "iproute2", unshare: "util-linux", nsenter: "util-linux" },
  },
  { use: "tests of the browser client", packageOf: { chromium: "chromium" } },
];

/**
 * Installs them where that is possible; where not, the tests that need them say that they are left out.
 *
 * @param {string} root the repository
 * @param {(pid: number) => void} onStart told the number of each process that installs
 */
export async function ensureTestTools(root, onStart) {
  if (process.platform !== "linux") return;
  const missing = needs.map(({ use, packageOf }) => {
    const programs = Object.entries(packageOf).filter(([program]) => findOnPath(program) === undefined);
    return { use, packages: [...new Set(programs.map(([, name]) => name))] };
  });
  try {
    await installSystemPackages(root, missing, onStart);
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    for (const { use, packages } of missing) {
      if (packages.length > 0) say(`without ${packages.join(" ")} the ${use} are left out: ${error.message}`);
    }
  }
}
