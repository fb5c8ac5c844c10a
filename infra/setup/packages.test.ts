import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packagesProblem } from "./packages.mjs";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "soundcheck-packages-"));
  write("package-lock.json", {
    packages: {
      "": { version: "0.1.0" },
      "node_modules/ws": { version: "8.0.0" },
      "node_modules/@native/win32": { version: "1.0.0", optional: true },
    },
  });
  write("node_modules/.package-lock.json", {});
  write("node_modules/ws/package.json", { version: "8.0.0" });
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: unknown): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), JSON.stringify(content));
}

describe("npm packages", () => {
  test("are fine at their locked versions, without the optional ones of other platforms", () => {
    expect(packagesProblem(root)).toBeUndefined();
  });

  test("are to be installed where npm was cut short", () => {
    rmSync(join(root, "node_modules/.package-lock.json"));
    expect(packagesProblem(root)).toBe("not installed");
  });

  test("are to be installed when one is missing", () => {
    rmSync(join(root, "node_modules/ws"), { recursive: true });
    expect(packagesProblem(root)).toBe("ws is missing, package-lock.json says 8.0.0");
  });

  test("are to be installed when one has another version", () => {
    write("node_modules/ws/package.json", { version: "7.9.0" });
    expect(packagesProblem(root)).toBe("ws is 7.9.0, package-lock.json says 8.0.0");
  });

  test("are to be installed when an optional one has another version", () => {
    write("node_modules/@native/win32/package.json", { version: "0.9.0" });
    expect(packagesProblem(root)).toBe("@native/win32 is 0.9.0, package-lock.json says 1.0.0");
  });
});
