// What is there, and what is not: the list behind `soundcheck doctor`.
import { execFileSync, spawnSync } from "node:child_process";
import { availableParallelism, totalmem } from "node:os";
import { aptLine, rootLine } from "./apt.mjs";
import { isNewEnough, nodeLink, nodeVersion, NODE_MAJOR, packagesProblem } from "./packages.mjs";
import { findK6, findOnPath, workerKind, workerPath, workerRuns } from "./tools.mjs";
import { webProblem } from "./web.mjs";

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {boolean} required whether Soundcheck's own commands need it; the rest adds something
 * @property {boolean} ok
 * @property {string} found
 * @property {string} wanted
 * @property {string} why what it is good for
 * @property {string} fix one line; empty when it is ok
 */

const setUp = "npm run setup";

/**
 * Looks at all that Soundcheck needs or can use. Changes nothing.
 *
 * @param {string} root the repository
 * @returns {Check[]}
 */
export function check(root) {
  return [...required(root), ...machine(), ...optional(root)].map((one) =>
    one.ok ? { ...one, fix: "" } : one,
  );
}

/**
 * @param {string} root
 * @returns {Check[]}
 */
function required(root) {
  const packages = packagesProblem(root);
  const node = nodeVersion(nodeLink(root));
  const worker = workerPath(root);
  const k6 = findK6(root);
  const shared = { required: true, fix: setUp };
  return [
    {
      ...shared,
      name: "npm packages",
      ok: packages === undefined,
      found: packages ?? "all",
      wanted: "those of package-lock.json",
      why: "the libraries",
    },
    {
      ...shared,
      name: "node",
      ok: isNewEnough(node),
      found: node ?? "none",
      wanted: `${NODE_MAJOR} or newer in node_modules/.bin`,
      why: "runs TypeScript without a build",
    },
    {
      ...shared,
      name: "mediasoup worker",
      ok: worker !== undefined && workerRuns(worker),
      found: worker === undefined ? "none" : (workerKind(root)?.name ?? "unknown kind"),
      wanted: "one that runs here",
      why: "forwards the packets of the room server",
    },
    {
      ...shared,
      name: "k6",
      ok: k6 !== undefined,
      found: k6 === undefined ? "none" : `${k6.version} (${k6.origin})`,
      wanted: "1.0 or newer",
      why: "drives the load",
    },
  ];
}

/** @returns {Check[]} */
function machine() {
  const cores = availableParallelism();
  const memoryGiB = totalmem() / 2 ** 30;
  // Node raises its own limit to the hard one, and its children inherit that.
  const descriptors = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim();
  return [
    {
      name: "file descriptors",
      required: false,
      ok: descriptors === "unlimited" || Number(descriptors) >= 4096,
      found: descriptors,
      wanted: "4096 or more (hard limit)",
      why: "two for each listener: rooms past 500 listeners",
      fix: "ulimit -Hn 65536, or LimitNOFILE= where a service starts it",
    },
    {
      name: "cores",
      required: false,
      ok: cores >= 2,
      found: String(cores),
      wanted: "2 or more",
      why: "the room server and the listeners each fill one; on one core large rooms come out INVALID",
      fix: "take a larger machine for large rooms",
    },
    {
      name: "memory",
      required: false,
      ok: memoryGiB >= 4,
      found: `${memoryGiB.toFixed(1)} GiB`,
      wanted: "4 GiB or more",
      why: "about 1 GiB for 1,000 listeners",
      fix: "take a larger machine for large rooms",
    },
  ];
}

/**
 * @param {string} root
 * @returns {Check[]}
 */
function optional(root) {
  const web = webProblem(root);
  return [
    {
      name: "browser client",
      required: false,
      ok: web === undefined,
      found: web ?? "built",
      wanted: "built from the present sources",
      why: "the page that the room server serves at /",
      fix: setUp,
    },
    tool("nft", ["nftables"], "counts and drops packets by region: the audit's evidence", ["--version"]),
    namespaces(),
    tool("cargo", ["cargo"], "builds the native listener engine for large rooms", ["--version"]),
    tool("go", ["golang-go"], "renders the dashboards from their jsonnet", ["version"]),
    tool("prometheus", ["prometheus"], "keeps the figures of long runs; checks the alert rules", [
      "--version",
    ]),
    tool("chromium", ["chromium"], "a real browser in the room; tests of the browser client", ["--version"]),
    pesq(),
  ];
}

/**
 * @param {string} name
 * @param {string[]} packages Debian's
 * @param {string} why
 * @param {string[]} args which make it print its version
 * @returns {Check}
 */
function tool(name, packages, why, args) {
  const path = findOnPath(name);
  const found = path === undefined ? undefined : firstLine(path, args);
  return {
    name,
    required: false,
    ok: found !== undefined,
    found: found ?? "none",
    wanted: "any",
    why,
    fix: aptLine(packages),
  };
}

/** @returns {Check} */
function namespaces() {
  const ways = { root: ["--net", "true"], rootless: ["--user", "--map-root-user", "--net", "true"] };
  const found = Object.entries(ways).find(([, args]) => spawnSync("unshare", args).status === 0)?.[0];
  return {
    name: "network namespaces",
    required: false,
    ok: found !== undefined,
    found: found ?? "not allowed",
    wanted: "as root, or rootless",
    why: "the lab: regions, impaired networks, and proof of what leaves the clients",
    fix:
      process.platform === "linux"
        ? `run as root, or: ${rootLine(["sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"])}`
        : "run on Linux",
  };
}

/** @returns {Check} */
function pesq() {
  const code = "import importlib.metadata as m; print(m.version('pesq'))";
  const found = firstLine("python3", ["-c", code]);
  return {
    name: "pesq",
    required: false,
    ok: found !== undefined,
    found: found ?? "none",
    wanted: "0.0.4 (PyPI)",
    why: "a second opinion on the voice quality that the E-model predicts",
    // Its wheel is made where it is installed; Debian's pip refuses unless told.
    fix: `${aptLine(["python3-pip", "python3-dev", "g++"])} && PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --user pesq==0.0.4`,
  };
}

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {string | undefined} undefined when it does not run
 */
function firstLine(program, args) {
  try {
    const options = { encoding: /** @type {const} */ ("utf8"), timeout: 10_000 };
    const text = execFileSync(program, args, { ...options, stdio: ["ignore", "pipe", "ignore"] });
    return text.trim().split("\n")[0];
  } catch {
    return undefined;
  }
}
