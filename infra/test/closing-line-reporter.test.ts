import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder = "";

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "soundcheck-tests-"))));

afterEach(() => rmSync(folder, { recursive: true }));

/** Runs vitest on one file; `test` and `expect` are globals there. */
function runTests(content: string): { closingLine: string | undefined; status: number | null } {
  writeFileSync(join(folder, "some.test.js"), content);
  writeFileSync(join(folder, "vitest.config.js"), "export default {};");
  const reporter = join(process.cwd(), "infra/test/closing-line-reporter.ts");
  const args = [
    "run",
    "--root",
    folder,

    "--globals",
    "--reporter",
    "default",
    "--reporter",
    reporter,
  ];
  const ended = spawnSync("node_modules/.bin/vitest", args, { encoding: "utf8" });
  return { closingLine: ended.stdout.trimEnd().split("\n").at(-1), status: ended.status };
}

describe("the last line of a test run", () => {
  test("counts what passed and what failed", () => {
    const content = `test("a", () => {}); test("b", () => {}); test("c", () => expect(1).toBe(2));`;
    expect(runTests(content)).toEqual({ closingLine: "2 passed, 1 failed", status: 1 });
  });

  test("names what was skipped (the skip is in a file that this test writes and runs, to see it counted)", () => {
    const content = `test("a", () => {}); test.skip("b", () => {});`;
    expect(runTests(content)).toEqual({ closingLine: "1 passed, 0 failed, 1 skipped", status: 0 });
  });

  test("counts a file that fails outside its tests as a failure", () => {
    const content = `test("a", () => {}); throw new Error("no");`;
    expect(runTests(content)).toEqual({ closingLine: "0 passed, 1 failed", status: 1 });
  });

  test("counts an error that no test caught as a failure", () => {
    const content = `test("a", () => { void Promise.reject(new Error("no")); });`;
    expect(runTests(content)).toEqual({ closingLine: "1 passed, 1 failed", status: 1 });
  });
});
