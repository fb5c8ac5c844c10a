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
      "node_modules/@native/other": { version: "1.0.0", optional: true, os: ["none"], cpu: [process.arch] },
      "node_modules/@native/helper": { version: "1.0.0", optional: true },
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

  test("are to be installed when the optional one for this platform is missing", () => {
    const native = { version: "1.0.0", optional: true, os: [process.platform], cpu: [process.arch] };
    write("package-lock.json", { packages: { "node_modules/@native/own": native } });
    expect(packagesProblem(root)).toBe("@native/own is missing, package-lock.json says 1.0.0");
  });

  test.runIf(process.platform === "linux")("need only the optional one for this C library", () => {
    const native = { version: "1.0.0", optional: true, os: ["linux"], cpu: [process.arch] };
    const packages = {
      "node_modules/@native/gnu": { ...native, libc: ["glibc"] },
      "node_modules/@native/musl": { ...native, libc: ["musl"] },
    };
    write("package-lock.json", { packages });
    expect(packagesProblem(root)).toMatch(/^@native\/(gnu|musl) is missing/);
    const own = packagesProblem(root)?.split(" ")[0] ?? "";
    write(`node_modules/${own}/package.json`, { version: "1.0.0" });
    expect(packagesProblem(root)).toBeUndefined();
  });

  test("are to be installed when one has another version", () => {
    write("node_modules/ws/package.json", { version: "7.9.0" });
    expect(packagesProblem(root)).toBe("ws is 7.9.0, package-lock.json says 8.0.0");
  });

  test("are to be installed when an optional one has another version", () => {
    write("node_modules/@native/other/package.json", { version: "0.9.0" });
    expect(packagesProblem(root)).toBe("@native/other is 0.9.0, package-lock.json says 1.0.0");
  });
});
