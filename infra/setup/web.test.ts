import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { webProblem } from "./web.mjs";

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "web-"));
  put("sim/web/main.tsx", "one");
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

describe("the browser client is to be built", () => {
  test("where there is none", () => {
    expect(webProblem(root)).toBe("not built yet");
  });

  test("where nothing says of which sources it is", () => {
    put(".cache/web/index.html", "");
    expect(webProblem(root)).toBe("its sources have changed");
  });

  test("where it is of other sources", () => {
    put(".cache/web/index.html", "");
    put(".cache/web.inputs", "0".repeat(64));
    expect(webProblem(root)).toBe("its sources have changed");
  });
});
