import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { aptLine, installSystemPackages, rootLine } from "./apt.mjs";

const there = vi.hoisted(() => new Set<string>());
vi.mock("./tools.mjs", () => ({
  findOnPath: (program: string) => (there.has(program) ? `/usr/bin/${program}` : undefined),
}));

beforeEach(() => there.clear());
afterEach(() => void vi.restoreAllMocks());

function onPath(...programs: string[]): void {
  for (const program of programs) there.add(program);
}

function whoIs(uid: number): void {
  vi.spyOn(process, "getuid").mockReturnValue(uid);
}

describe("the line for root", () => {
  test("is the commands themselves for root", () => {
    onPath("sudo");
    whoIs(0);
    expect(rootLine(["one", "two 2"])).toBe("one && two 2");
  });

  test("has sudo before each command, where there is a sudo", () => {
    onPath("sudo");
    whoIs(1000);
    expect(rootLine(["one", "two 2"])).toBe("sudo one && sudo two 2");
  });

  test("asks for root's password where there is no sudo", () => {
    whoIs(1000);
    expect(rootLine(["one", "two 2"])).toBe("su - -c 'one && two 2'");
  });
});

describe("system packages", () => {
  const needs = [
    { use: "the build", packages: ["g++", "meson"] },
    { use: "nothing", packages: [] },
    { use: "the download", packages: ["python3-pip"] },
  ];

  test("are named all in one line to who is not root", async () => {
    onPath("apt-get", "sudo");
    whoIs(1000);
    await expect(installSystemPackages("nowhere", needs, () => undefined)).rejects.toMatchObject({
      message: "system packages are missing for the build and the download, and set-up may not install them",
      fix: "sudo apt-get update && sudo apt-get install -y --no-install-recommends g++ meson python3-pip",
    });
  });

  test("are named to root where there is no apt-get", async () => {
    whoIs(0);
    await expect(installSystemPackages("nowhere", needs, () => undefined)).rejects.toMatchObject({
      fix: aptLine(["g++", "meson", "python3-pip"]),
    });
    expect(aptLine(["g++"])).toBe("with your system's package manager install what Debian calls g++");
  });

  test("are nobody's concern when none is needed", async () => {
    whoIs(1000);
    await expect(
      installSystemPackages("nowhere", [{ use: "nothing", packages: [] }], () => undefined),
    ).resolves.toBeUndefined();
  });
});
