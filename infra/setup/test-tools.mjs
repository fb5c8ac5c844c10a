// What only the tests need: programs that make networks and break them.
import { installSystemPackages } from "./apt.mjs";
import { say, SetupFailure } from "./_progress.mjs";
import { findOnPath } from "./tools.mjs";

const packageOf = { nft: "nftables", ip: "iproute2", unshare: "util-linux", nsenter: "util-linux" };

/**
 * Installs them where that is possible; where not, the tests that break a network say that they are left out.
 *
 * @param {string} root the repository
 * @param {(pid: number) => void} onStart told the number of each process that installs
 */
export async function ensureTestTools(root, onStart) {
  if (process.platform !== "linux") return;
  const missing = Object.entries(packageOf).filter(([program]) => findOnPath(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  try {
    await installSystemPackages(root, [{ use: "tests that break a network", packages }], onStart);
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    say(`without ${packages.join(" ")} the tests that break a network are left out: ${error.message}`);
  }
}
