import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { parseThresholds, type Threshold } from "../verdict/threshold.ts";
import { BadInputError } from "../util/errors.ts";

/** A scenario as k6 understands it, looked at before anything is started. */
export type Scenario = {
  name: string;
  path: string;
  /** SHA-256 of its file, hex. */
  hash: string;
  profile: string;
  parameters: Record<string, number | string>;
  /** So many VUs are clients themselves: there is no media, and no agent is asked. Null: participants are on agents. */
  clients: number | null;
  /** Real browsers, of k6's browser module, beside the participants. */
  browsers: number;
  thresholds: Threshold[];
};

/** The part of `k6 inspect`'s answer that is ours. */
const inspectedSchema = z.looseObject({
  thresholds: z.unknown(),
  ext: z.looseObject({
    soundcheck: z.looseObject({
      scenario: z.string(),
      profile: z.string(),
      parameters: z.record(z.string(), z.union([z.number(), z.string()])),
      clients: z.number().int().min(1).optional(),
      browsers: z.number().int().min(0).default(0),
    }),
  }),
});

export function scenarioNames(root: string): string[] {
  return readdirSync(join(root, "scenarios"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => basename(file, ".ts"))
    .toSorted();
}

/** A name out of scenarios/, or a path to a script. Throws a BadInputError `unknown-scenario` that lists the valid names. */
export function findScenario(root: string, nameOrPath: string): string {
  const named = join(root, "scenarios", `${nameOrPath}.ts`);
  if (/^[a-z0-9-]+$/.test(nameOrPath) && existsSync(named)) return named;
  if (nameOrPath.endsWith(".ts") && existsSync(nameOrPath)) return resolve(nameOrPath);
  throw new BadInputError("unknown-scenario", `there is no scenario "${nameOrPath}"`, {
    hint: `choose one of ${scenarioNames(root).join(", ")}, or give the path of a k6 script that ends in .ts`,
  });
}

/**
 * Lets k6 read the script with the environment that it will run in. Throws a
 * BadInputError for what the script refuses (an unknown profile or parameter)
 * and for thresholds that nothing could ever meet.
 */
export async function inspectScenario(options: {
  k6: string;
  path: string;
  env: NodeJS.ProcessEnv;
}): Promise<Scenario> {
  const { k6, path, env } = options;
  let answer: string;
  try {
    // -e hands the script its environment the way `k6 run` will.
    ({ stdout: answer } = await promisify(execFile)(k6, ["inspect", "--include-system-env-vars", path], {
      env,
      maxBuffer: 16 * 1024 * 1024,
    }));
  } catch (error) {
    throw new BadInputError("bad-scenario", scriptError(error), { cause: error });
  }
  const inspected = inspectedSchema.safeParse(JSON.parse(answer));
  if (!inspected.success) {
    throw new BadInputError("bad-scenario", `${path} is no scenario of Soundcheck`, {
      hint: "build its options with scenarios/lib/room.ts: the run needs options.ext.soundcheck",
    });
  }
  const { scenario, profile, parameters, clients = null, browsers } = inspected.data.ext.soundcheck;
  return {
    name: scenario,
    path,
    hash: createHash("sha256").update(readFileSync(path)).digest("hex"),
    profile,
    parameters,
    clients,
    browsers,
    thresholds: parseThresholds(inspected.data.thresholds),
  };
}

/** What the script itself said, out of k6's log lines and stack. */
function scriptError(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr ?? String(error);
  const thrown =
    /(?:Error: |GoError: )(.*?)(?:\\n|\n|\s+at (?:[\w.$<>]+ \()?(?:file:|native|go\.)|"\s*(?:hint=|$))/s.exec(
      stderr,
    )?.[1];
  return (thrown ?? stderr.trim().split("\n").at(-1) ?? "k6 cannot read the script")
    .replaceAll('\\"', '"')
    .trim();
}
