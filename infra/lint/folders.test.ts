import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mayImport } from "./folders.ts";

const folders = Object.keys(mayImport);
const pure = ["persona", "audio", "e2ee", "region", "measure"];
let project = "";

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "soundcheck-lint-"));
  const table = JSON.stringify(join(process.cwd(), "infra/lint/folders.ts"));
  writeFileSync(
    join(project, "oxlint.config.ts"),
    `import { importDirections } from ${table};\nexport default { overrides: importDirections() };\n`,
  );
});

afterAll(() => rmSync(project, { recursive: true }));

/** What the linter says about a file of sim/ that imports another. */
function lint(file: string, imported: string): string {
  const path = join(project, "sim", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `import { thing } from "${imported}";\nthing();\n`);
  const ended = spawnSync("node_modules/.bin/oxlint", ["-c", join(project, "oxlint.config.ts"), path], {
    encoding: "utf8",
  });
  return ended.stdout + ended.stderr;
}

describe("the table of import directions", () => {
  test("names only folders that it has", () => {
    expect(
      Object.values(mayImport)
        .flat()
        .filter((folder) => !folders.includes(folder)),
    ).toEqual([]);
  });

  test("goes downward only", () => {
    const upward = folders.flatMap((folder, place) =>
      (mayImport[folder] ?? [])
        .filter((other) => folders.indexOf(other) >= place)
        .map((other) => [folder, other]),
    );
    expect(upward).toEqual([]);
  });

  test("lets no pure folder import another", () => {
    expect(pure.flatMap((folder) => mayImport[folder] ?? []).filter((other) => pure.includes(other))).toEqual(
      [],
    );
  });

  test("keeps the room server apart from the simulator", () => {
    expect(mayImport["server"]).toEqual(["protocol", "region"]);
  });

  test("lets nothing but the tests import the command", () => {
    expect(folders.filter((folder) => mayImport[folder]?.includes("cli"))).toEqual(["test"]);
  });
});

describe("the linter", () => {
  test.each([
    ["region/policy.ts", "../server/room.ts"],
    ["e2ee/sframe/sender.ts", "../../audio/rtp.ts"],
    ["server/handlers/media.ts", "../../participant/speaker.ts"],
    ["util/clock.ts", "../protocol/figures.ts"],
    ["run/run.ts", "../cli/main.ts"],
  ])("refuses that %s imports %s", (file, imported) => {
    expect(lint(file, imported)).toContain("no-restricted-imports");
  });

  test.each([
    ["server/room.ts", "../protocol/signalling.ts"],
    ["server/room.ts", "../util/clock.ts"],
    ["participant/speaker.ts", "../audio/rtp.ts"],
    ["e2ee/sframe/sender.ts", "../keys/kid.ts"],
    ["measure/audio/loudness.ts", "../audio/level.ts"],
  ])("allows that %s imports %s", (file, imported) => {
    expect(lint(file, imported)).not.toContain("no-restricted-imports");
  });
});
