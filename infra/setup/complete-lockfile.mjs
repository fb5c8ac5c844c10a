// Adds to package-lock.json the optional packages that npm left out, since the
// registry in use does not hold them: those of other platforms. `npm ci` refuses
// a lock file that lacks one. And takes away which Node the optional ones ask for:
// npm leaves such a package out, without a word, where npm itself runs on an older
// Node; what they are for runs on Node 24. Run by `npm run lock`, after each change
// of dependencies.
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * @typedef {{ version?: string, optionalDependencies?: Record<string, string>, dev?: boolean, optional?: boolean,
 *   engines?: Record<string, string>, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage> }} Lockfile
 */

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm", "arm64", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/**
 * @param {Lockfile} lockfile
 * @returns {{ name: string, version: string, dev: boolean }[]} exact versions that locked packages ask for
 */
export function missingOptionals(lockfile) {
  const paths = Object.keys(lockfile.packages);
  return Object.values(lockfile.packages).flatMap((entry) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !paths.some((path) => `/${path}`.endsWith(`/node_modules/${name}`)))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

/**
 * @param {Lockfile} lockfile
 * @returns {Lockfile} with all optional packages, on whatever Node npm runs; what platform one is for is read from its name
 */
export function completeLockfile(lockfile) {
  const added = missingOptionals(lockfile).map(({ name, version, dev }) => {
    const words = name.split(/[/-]/);
    const os = systems.find((system) => words.includes(system));
    const cpu = processors.find((processor) => words.includes(processor));
    if (os === undefined || cpu === undefined)
      throw new Error(`${name} does not say which platform it is for`);
    const musl = words.some((word) => word.startsWith("musl"));
    /** @type {LockedPackage} */
    const entry = { version, cpu: [cpu] };
    if (dev) entry.dev = true;
    if (os === "linux") entry.libc = [musl ? "musl" : "glibc"];
    return /** @type {const} */ ([`node_modules/${name}`, { ...entry, optional: true, os: [os] }]);
  });
  const [root = ["", {}], ...rest] = Object.entries(lockfile.packages).map(
    ([path, entry]) => /** @type {const} */ ([path, entry.optional === true ? withoutEngines(entry) : entry]),
  );
  const sorted = [...rest, ...added].sort(([a], [b]) => a.localeCompare(b, "en"));
  return { ...lockfile, packages: Object.fromEntries([root, ...sorted]) };
}

/** @param {LockedPackage} entry */
function withoutEngines(entry) {
  const rest = { ...entry };
  delete rest.engines;
  return rest;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const file = "package-lock.json";
  const lockfile = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, `${JSON.stringify(completeLockfile(lockfile), undefined, 2)}\n`);
}
