import { readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { findK6, workerKind, workerPath } from "../../infra/setup/tools.mjs";
import type { Result } from "../protocol/result.ts";
import { SetupError } from "../util/errors.ts";

function versionOf(name: string, root: string): string {
  try {
    const file = name === "" ? join(root, "package.json") : join(root, "node_modules", name, "package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version ?? "unknown";
  } catch {
    return "unknown";
  }
}

export type Tools = { k6: string; k6Version: string };

/** What a run needs; throws a SetupError `k6-missing` or `worker-missing` that says what to do. */
export function findTools(root: string, needsWorker: boolean): Tools {
  const hint = "run: npm run setup";
  const k6 = findK6(root);
  if (k6 === undefined) throw new SetupError("k6-missing", "k6 is missing: it drives every run", { hint });
  if (needsWorker && workerPath(root) === undefined) {
    throw new SetupError(
      "worker-missing",
      "mediasoup's worker is missing: the room server cannot forward media",
      {
        hint,
      },
    );
  }
  return { k6: k6.path, k6Version: k6.version };
}

export function describeEnvironment(options: {
  root: string;
  k6Version: string;
  ownServer: boolean;
  scenarioHash: string;
  command: string;
}): Result["environment"] {
  const [firstCpu] = cpus();
  return {
    soundcheck: versionOf("", options.root),
    node: process.version.slice(1),
    k6: options.k6Version,
    mediasoup: options.ownServer
      ? versionOf("mediasoup", options.root)
      : "unknown: the room server runs elsewhere",
    worker: options.ownServer
      ? (workerKind(options.root)?.name ?? "unknown")
      : "unknown: the room server runs elsewhere",
    nodeDatachannel: versionOf("node-datachannel", options.root),
    os: `${platform()} ${release()} ${arch()}`,
    cpuModel: firstCpu?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    scenarioHash: options.scenarioHash,
    command: options.command,
  };
}
