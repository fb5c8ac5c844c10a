import { readFileSync } from "node:fs";
import { z } from "zod";
import { failureCauses, type FailureCause } from "../protocol/fleet.ts";
import { browserEnvironment } from "./chromium.ts";
import { k6SummaryMetricsSchema, type K6SummaryMetrics } from "../verdict/judge.ts";

const summarySchema = z.looseObject({ metrics: k6SummaryMetricsSchema });

/** k6 reports nothing to anybody, and downloads nothing. */
const quiet = { K6_NO_USAGE_REPORT: "true", K6_AUTO_EXTENSION_RESOLUTION: "false" };

export type ScenarioSettings = {
  profile: string | undefined;
  set: string[];
  seed: string;
  e2ee: boolean;
  runId: string;
  target: string;
  /** Undefined: the scenario needs none. */
  agent: string | undefined;
  /** Base64url, for scenarios whose VUs sign tokens themselves; undefined: they get none. */
  tokenSecret: string | undefined;
  /** The program that scenarios with real browsers start; undefined: the scenario has none. */
  chromium?: string | undefined;
  summaryFile: string;
};

/** What a scenario reads from its environment (scenarios/lib). */
export function k6Environment(settings: ScenarioSettings): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
    ...quiet,
    ...(settings.profile === undefined ? {} : { PROFILE: settings.profile }),
    SET: settings.set.join(","),
    SEED: settings.seed,
    E2EE: settings.e2ee ? "on" : "off",
    RUN_ID: settings.runId,
    TARGET: settings.target,
    ...(settings.agent === undefined ? {} : { AGENT: settings.agent }),
    ...(settings.tokenSecret === undefined ? {} : { SOUNDCHECK_TOKEN_SECRET: settings.tokenSecret }),
    ...(settings.chromium === undefined ? {} : browserEnvironment(settings.chromium)),
    SUMMARY_FILE: settings.summaryFile,
  };
}

/** k6's own summary, where it came to write one. */
export function readSummary(path: string): K6SummaryMetrics | undefined {
  try {
    const parsed = summarySchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data.metrics : undefined;
  } catch {
    return undefined;
  }
}

/** What the script last said of sessions that failed, by cause (scenarios/lib/client.ts). */
export function complaintsByCause(tail: string): Partial<Record<FailureCause, string>> {
  return Object.fromEntries(
    failureCauses.flatMap((cause) => {
      const said = lastMessage(tail, new RegExp(`level=error msg="${cause}: .*source=console`));
      return said === null ? [] : [[cause, said.slice(cause.length + 2)]];
    }),
  );
}

/** What the script said of browsers that were not in order (scenarios/lib/browser-page.ts). */
export function browserComplaints(tail: string): string[] {
  return tail.split("\n").flatMap((line) => {
    const said = lastMessage(line, /level=error msg="browser \d+: .*source=console/);
    return said === null ? [] : [said];
  });
}

/** The last thing that k6 complained about. */
export function lastComplaint(tail: string): string {
  return lastMessage(tail, /level=(error|fatal|warning)/) ?? "";
}

/** The last exception that the script threw in an iteration: k6 goes on and ends with 0. Null without any. */
export function lastException(tail: string): string | null {
  return lastMessage(tail, /level=error .*source=stacktrace/);
}

/** In one line, without a stack. */
function lastMessage(tail: string, wanted: RegExp): string | null {
  const line = tail
    .split("\n")
    .filter((text) => wanted.test(text))
    .at(-1);
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line ?? "")?.[1];
  if (message === undefined) return null;
  return message
    .replaceAll(/\\n\\tat (?:(?!\\n).)*/g, "")
    .replaceAll(/(?:\\n|\\t)+/g, " ")
    .replaceAll('\\"', '"')
    .trim();
}
