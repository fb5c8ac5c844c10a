import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sampleResult } from "../report/_sample-result.ts";
import { SetupError } from "../util/errors.ts";
import { createRunDirectory, writeReports } from "./run-directory.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "soundcheck-run-directory-"));
});
afterEach(() => {
  rmSync(place, { recursive: true, force: true });
});

test("a run directory is made with its parents, spaces and all", () => {
  const path = join(place, "a b", "c", "run-1");
  createRunDirectory(path);
  createRunDirectory(join(place, "a b", "c", "run-2"));
  expect(readdirSync(join(place, "a b", "c"))).toEqual(["run-1", "run-2"]);
});

test("two runs never share a directory", () => {
  createRunDirectory(join(place, "run-1"));
  expect(() => {
    createRunDirectory(join(place, "run-1"));
  }).toThrow(SetupError);
});

test.each(["file/run-1", "file/deeper/run-1"])("none is made below a file: %s", (path) => {
  writeFileSync(join(place, "file"), "");
  expect(() => {
    createRunDirectory(join(place, path));
  }).toThrow(/cannot make the run directory .*run-1/);
});

test("a file that cannot be written is said to be so, with what to do", () => {
  const gone = join(place, "gone");
  expect(() => {
    writeReports(gone, sampleResult("pass"));
  }).toThrow(expect.objectContaining({ code: "run-directory", hint: expect.stringContaining("--out") }));
  expect(existsSync(gone)).toBe(false);
});
