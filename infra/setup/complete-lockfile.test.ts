import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { completeLockfile, missingOptionals } from "./complete-lockfile.mjs";

const text = readFileSync("package-lock.json", "utf8");

describe("package-lock.json", () => {
  test("has every optional package that a locked one asks for, or `npm ci` refuses it (mend: npm run lock)", () => {
    expect(missingOptionals(JSON.parse(text))).toEqual([]);
  });

  test("has no optional package that an old Node under npm would leave out", () => {
    const entries: { optional?: boolean; engines?: unknown }[] = Object.values(JSON.parse(text).packages);
    expect(entries.filter(({ optional, engines }) => optional === true && engines !== undefined)).toEqual([]);
  });

  test("names no registry", () => {
    expect(text).not.toContain('"resolved"');
  });
});

describe("completing a lock file", () => {
  const lockfile = {
    packages: {
      "": {},
      "node_modules/tool": {
        version: "2.0.0",
        dev: true,
        optionalDependencies: { "@tool/linux-x64-musl": "2.0.0", "@tool/darwin-arm64": "2.0.0" },
      },
      "node_modules/@tool/darwin-arm64": { version: "2.0.0" },
    },
  };

  test("adds what is missing, for the platform in its name", () => {
    expect(completeLockfile(lockfile).packages["node_modules/@tool/linux-x64-musl"]).toEqual({
      version: "2.0.0",
      cpu: ["x64"],
      dev: true,
      libc: ["musl"],
      optional: true,
      os: ["linux"],
    });
  });

  test("lets optional packages be installed by any Node, and keeps what the others ask for", () => {
    const engines = { node: ">=24" };
    const { packages } = completeLockfile({
      packages: {
        "node_modules/native": { version: "1.0.0", optional: true, engines },
        "node_modules/library": { version: "1.0.0", engines },
      },
    });
    expect(packages["node_modules/native"]).toEqual({ version: "1.0.0", optional: true });
    expect(packages["node_modules/library"]).toEqual({ version: "1.0.0", engines });
  });

  test("leaves a complete one as it is", () => {
    const complete = completeLockfile(lockfile);
    expect(completeLockfile(complete)).toEqual(complete);
  });

  test("refuses a package whose name tells no platform, rather than guess", () => {
    const odd = { packages: { "": { optionalDependencies: { "some-extra": "1.0.0" } } } };
    expect(() => completeLockfile(odd)).toThrow("some-extra");
  });
});
