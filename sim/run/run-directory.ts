import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Result } from "../protocol/result.ts";
import { formatHtml } from "../report/html.ts";
import { formatJunit } from "../report/junit.ts";
import { formatMarkdown } from "../report/markdown.ts";
import { formatOpenMetrics } from "../report/open-metrics.ts";
import { formatResultJson } from "../report/json.ts";
import { SetupError } from "../util/errors.ts";

/** A name for a run that sorts by time and that no other has; `wallMs` since 1970. */
export function runIdOf(what: string, wallMs: number): string {
  const name = what.replace(/[^A-Za-z0-9-]/g, "-").slice(0, 30);
  const time = new Date(wallMs).toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return `${time}-${name}-${randomBytes(2).toString("hex")}`;
}

/** Makes the directory of a run, which nobody else has; throws a SetupError `run-directory`. */
export function createRunDirectory(path: string): void {
  try {
    ensureDirectory(dirname(path));
    mkdirSync(path);
  } catch (cause) {
    throw new SetupError("run-directory", `cannot make the run directory ${path}`, {
      hint: "choose a directory that can be written by --out",
      cause,
    });
  }
}

/** With its parents. Not by mkdir's `recursive`, which never ends where a file system takes no directories (/proc). */
function ensureDirectory(path: string): void {
  if (existsSync(path)) return;
  ensureDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another run may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Each file whole or not at all. Throws a SetupError `run-directory`. */
export function writeFileWhole(path: string, text: string): void {
  const temporary = `${path}.part`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (cause) {
    throw new SetupError("run-directory", `cannot write ${path}: ${(cause as Error).message}`, {
      hint: "make room there, or choose another directory by --out",
      cause,
    });
  }
}

/** What happened when, a JSON object a line; times in seconds from the run's start. */
export function formatTimeline(result: Result): string {
  const about = {
    type: "run",
    runId: result.runId,
    startedAt: result.startedAt,
    seed: result.seed,
    plan: result.plan,
  };
  const lines = [about, ...result.timeline.map((second) => ({ type: "second", ...second }))];
  return `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** result.json and everything that is made from it. */
export function writeReports(directory: string, result: Result): void {
  writeFileWhole(join(directory, "result.json"), formatResultJson(result));
  writeFileWhole(join(directory, "report.html"), formatHtml(result));
  writeFileWhole(join(directory, "summary.md"), formatMarkdown(result));
  writeFileWhole(join(directory, "junit.xml"), formatJunit(result));
  writeFileWhole(join(directory, "timeline.jsonl"), formatTimeline(result));
  writeFileWhole(join(directory, "metrics.om.txt"), formatOpenMetrics(result));
}
