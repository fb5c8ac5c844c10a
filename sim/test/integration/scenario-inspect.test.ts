import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findK6 } from "../../../infra/setup/tools.mjs";
import { k6Environment } from "../../run/k6.ts";
import { findScenario, inspectScenario, scenarioNames, type Scenario } from "../../run/scenario.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const lib = join(root, "scenarios", "lib");

let k6: string;
let directory: string;

beforeAll(() => {
  const found = findK6(root);
  if (found === undefined) throw new Error("k6 is missing: npm run setup");
  k6 = found.path;
  directory = mkdtempSync(join(tmpdir(), "soundcheck-scenario-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function inspect(path: string, told: { profile?: string; set?: string[] } = {}): Promise<Scenario> {
  return inspectScenario({
    k6,
    path,
    env: k6Environment({
      profile: told.profile,
      set: told.set ?? [],
      seed: "1",
      e2ee: true,
      runId: "run-1",
      target: "ws://127.0.0.1:1/room",
      agent: "http://127.0.0.1:1",
      tokenSecret: undefined,
      summaryFile: join(directory, "k6.json"),
    }),
  });
}

const smoke = (told: { profile?: string; set?: string[] } = {}): Promise<Scenario> =>
  inspect(findScenario(root, "smoke"), told);

/** A scenario of one's own, away from ours: its file's path. */
function scenario(thresholds: object, name = "own"): string {
  const path = join(directory, `${name}.ts`);
  writeFileSync(
    path,
    [
      `import { handleSummary } from "${join(lib, "summary.ts")}";`,
      `import { roomScenario } from "${join(lib, "room.ts")}";`,
      `const room = roomScenario({`,
      `  name: "own",`,
      `  defaultProfile: "tiny",`,
      `  profiles: { tiny: { speakers: 0, listeners: 1, leavers: 0, join: 0, talk: 1, conversation: "panel", bitrate: 24000 } },`,
      `  thresholds: ${JSON.stringify(thresholds)},`,
      `});`,
      `export const { options, setup, teardown, stage, audience } = room;`,
      `export { handleSummary };`,
      "",
    ].join("\n"),
  );
  return path;
}

describe("our scenarios", () => {
  test.each(scenarioNames(root))("%s is understood, with its name and its parameters", async (name) => {
    const { name: own, hash, parameters } = await inspect(findScenario(root, name));
    expect(own).toBe(name);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(Object.keys(parameters).length).toBeGreaterThan(0);
  });

  test.each(scenarioNames(root))(
    "%s judges what its participants account for, and never nothing",
    async (name) => {
      const { thresholds, clients } = await inspect(findScenario(root, name));
      const metrics = thresholds.map(({ metric }) => metric);
      expect(metrics).toEqual(expect.arrayContaining(["session_ok", "session_errors"]));
      expect(metrics).toEqual(
        expect.arrayContaining(
          clients === null
            ? ["packets_received", "lost", "mouth_to_ear_ms"]
            : ["ws_sessions", "dropped_iterations", "signalling_join_ms"],
        ),
      );
    },
  );

  test("say whether their VUs are the clients, so that no agent is asked", async () => {
    const own = await inspect(findScenario(root, "signalling-storm"), { set: ["clients=70"] });
    expect(own).toMatchObject({ clients: 70, profile: "spike" });
    expect(await smoke()).toMatchObject({ clients: null });
  });

  test("there is a smoke among them", () => {
    expect(scenarioNames(root)).toContain("smoke");
  });
});

describe("what a scenario is told", () => {
  test("goes into its parameters", async () => {
    const found = await smoke({ profile: "load", set: ["listeners=7", "talk=2.5", "conversation=silent"] });
    expect(found.profile).toBe("load");
    expect(found.parameters).toMatchObject({ listeners: 7, talk: 2.5, conversation: "silent" });
  });

  test.each<[string, { profile?: string; set?: string[] }, RegExp]>([
    ["an unknown profile", { profile: "stampede" }, /unknown profile "stampede": choose one of .*smoke/],
    ["a profile out of the prototype", { profile: "toString" }, /unknown profile "toString"/],
    [
      "an unknown parameter",
      { set: ["listners=5"] },
      /unknown parameter "listners=5": set name=value, with one of .*listeners/,
    ],
    ["a parameter out of the prototype", { set: ["constructor=5"] }, /unknown parameter "constructor=5"/],
    ["a setting without a value", { set: ["listeners"] }, /unknown parameter "listeners"/],
    ["a setting without a name", { set: ["=5"] }, /unknown parameter "=5"/],
    [
      "a number that is none",
      { set: ["talk=long"] },
      /parameter talk: expected a number from 0 up, found "long"/,
    ],
    ["an empty number", { set: ["talk="] }, /parameter talk: expected a number from 0 up, found ""/],
    ["a negative number", { set: ["talk=-1"] }, /parameter talk: expected a number from 0 up, found "-1"/],
    ["an infinite number", { set: ["talk=Infinity"] }, /parameter talk: expected a number/],
    ["half a listener", { set: ["listeners=1.5"] }, /parameter listeners: expected a whole number/],
    [
      "an unknown conversation",
      { set: ["conversation=quarrel"] },
      /parameter conversation: expected one of panel/,
    ],
    [
      "a bit rate that there is no corpus of",
      { set: ["bitrate=64000"] },
      /parameter bitrate: expected 24000/,
    ],
  ])("is refused for %s, in the script's own words", async (_what, told, message) => {
    await expect(smoke(told)).rejects.toMatchObject({
      name: "BadInputError",
      code: "bad-scenario",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("is refused without k6's stack, place and log around it", async () => {
    const refusal: unknown = await smoke({ profile: "stampede" }).catch((error: unknown) => error);
    expect((refusal as Error).message).not.toMatch(/level=|file:\/\/|\bat \w+|\n/);
  });
});

describe("a scenario of one's own", () => {
  test("is understood where it is", async () => {
    const found = await inspect(
      scenario({ lost: ["rate<0.01"], join_ms: [{ threshold: "p(95)<2000", abortOnFail: true }] }),
    );
    expect(found).toMatchObject({ name: "own", profile: "tiny", parameters: { bitrate: 24000 } });
    expect(found.thresholds).toMatchObject([
      { metric: "join_ms", expression: "p(95)<2000", figure: "join", abortOnFail: true },
      { metric: "lost", expression: "rate<0.01", figure: "lost", abortOnFail: false },
    ]);
  });

  test.each<[string, object, RegExp]>([
    [
      "on a metric that nothing fills",
      { moth_to_ear_ms: ["p(99)<400"] },
      /moth_to_ear_ms[^]*mouth_to_ear_ms/,
    ],
    ["that is no expression", { lost: ["few please"] }, /few please/],
    ["on an aggregation that the metric has not", { lost: ["p(95)<1"] }, /lost/],
    ["on a percentile that there is not", { mouth_to_ear_ms: ["p(101)<400"] }, /p\(101\)<400/],
  ])("with a threshold %s is refused, and it is named", async (_what, thresholds, message) => {
    await expect(inspect(scenario(thresholds))).rejects.toMatchObject({
      name: "BadInputError",
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  test("that is not built on ours is refused, and is told how it would be", async () => {
    const path = join(directory, "plain.ts");
    writeFileSync(path, "export const options = { vus: 1 };\nexport default function () {}\n");
    await expect(inspect(path)).rejects.toMatchObject({
      code: "bad-scenario",
      message: expect.stringContaining("is no scenario of Soundcheck"),
      hint: expect.stringContaining("scenarios/lib/room.ts"),
    });
  });

  test("that k6 cannot read is refused", async () => {
    const path = join(directory, "broken.ts");
    writeFileSync(path, "export const options = {\n");
    await expect(inspect(path)).rejects.toMatchObject({ name: "BadInputError", code: "bad-scenario" });
  });
});

describe("a scenario's name", () => {
  test("that is not known is refused with those that are", () => {
    expect(() => findScenario(root, "smok")).toThrow(
      expect.objectContaining({
        code: "unknown-scenario",
        hint: expect.stringContaining(scenarioNames(root).join(", ")),
      }),
    );
  });

  test.each(["../package", "lib/room", "", "smoke.js", "/nowhere/x.ts"])("may not be %j", (name) => {
    expect(() => findScenario(root, name)).toThrow(expect.objectContaining({ code: "unknown-scenario" }));
  });

  test("may be the path of a script", () => {
    const path = scenario({}, "by-path");
    expect(findScenario(root, path)).toBe(path);
  });
});
