import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root, soundcheck } from "./_soundcheck.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "soundcheck-bad-input-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Whatever is wrong is said in a line or two, without a stack, before anything is started. */
async function refused(
  args: string[],
  exitCode: number,
  message: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const finished = await soundcheck(args, { env });
  expect(finished.stderr).toMatch(message);
  expect(finished.exitCode).toBe(exitCode);
  expect(finished.stdout).toBe("");
  expect(finished.directory).toBeUndefined();
  expect(finished.stderr).not.toMatch(/\n\s+at /);
  expect(finished.stderr).not.toContain("starting the room server");
  expect(finished.stderr.trim().split("\n").length).toBeLessThanOrEqual(4);
}

describe("bad input is refused with one clear message, and nothing is started", () => {
  test("an unknown flag", () =>
    refused(["run", "smoke", "--duratoin", "5"], 2, /unknown option '--duratoin'/));

  test("an unknown command", () => refused(["rnu", "smoke"], 2, /unknown command 'rnu'/));

  test("an unknown scenario, with those there are", () =>
    refused(["run", "town-hull"], 2, /no scenario "town-hull"[\s\S]*smoke, town-hall/));

  test("an unknown profile, with those there are", () =>
    refused(["run", "smoke", "--profile", "huge"], 2, /unknown profile "huge": choose one of smoke, load/));

  test("an unknown parameter, with those there are", () =>
    refused(
      ["run", "smoke", "--set", "lisseners=5"],
      2,
      /unknown parameter "lisseners=5".*speakers, listeners/,
    ));

  test("a parameter that is no number", () =>
    refused(
      ["run", "smoke", "--set", "listeners=many"],
      2,
      /parameter listeners: expected a number.*"many"/,
    ));

  test("a bit rate that there is no speech for", () =>
    refused(["run", "smoke", "--set", "bitrate=1"], 2, /parameter bitrate: expected 24000, 32000 or 40000/));

  test("more speakers than a stage has seats", () =>
    refused(
      ["run", "smoke", "--set", "speakers=64"],
      2,
      /parameter speakers: expected a whole number from 0 to 63/,
    ));

  test("a talk or an arrival that no run plan takes", async () => {
    await refused(["run", "smoke", "--set", "talk=1e12"], 2, /parameter talk: expected at most 60000 s/);
    await refused(["run", "smoke", "--set", "join=3601"], 2, /parameter join: expected at most 3600 s/);
  });

  test("a seed that no run plan takes", async () => {
    await refused(["run", "smoke", "--seed", ""], 2, /--seed.*1 to 80 characters/);
    await refused(["run", "smoke", "--seed", "x".repeat(81)], 2, /--seed.*1 to 80 characters/);
  });

  test("a place for run directories that takes none, be it a file or a file system like /proc", async () => {
    await refused(["run", "smoke", "--out", join(root, "package.json")], 4, /cannot make the run directory/);
    await refused(["run", "smoke", "--out", "/proc/x/y"], 4, /cannot make the run directory/);
  });

  test("a target that is no WebSocket address", () =>
    refused(["run", "smoke", "--target", "http://127.0.0.1:1"], 2, /Expected ws:\/\/ or wss:\/\//));

  test("a target without its token secret", () =>
    refused(["run", "smoke", "--target", "ws://127.0.0.1:1"], 2, /SOUNDCHECK_TOKEN_SECRET/, {
      SOUNDCHECK_TOKEN_SECRET: "",
    }));

  test("a threshold on a metric that does not exist, with the nearest that does", async () => {
    const script = join(directory, "mistyped.ts");
    writeFileSync(
      script,
      `import { roomScenario } from "${root}/scenarios/lib/room.ts";
       const room = roomScenario({
         name: "mistyped",
         defaultProfile: "smoke",
         profiles: { smoke: { speakers: 1, listeners: 1, leavers: 0, join: 1, talk: 1, conversation: "panel", bitrate: 32000 } },
         thresholds: { mouth_to_ears_ms: ["p(95)<200"] },
       });
       export const { options, setup, teardown, stage, audience } = room;`,
    );
    await refused(["run", script], 2, /mouth_to_ears_ms[\s\S]*mouth_to_ear_ms/);
  });

  test("a script that is no scenario of ours", async () => {
    const script = join(directory, "other.ts");
    writeFileSync(script, "export const options = { vus: 1 };\nexport default function () {}\n");
    await refused(["run", script], 2, /no scenario of Soundcheck/);
  });

  test("a missing worker", () =>
    refused(["run", "smoke"], 4, /mediasoup's worker is missing[\s\S]*npm run setup/, {
      MEDIASOUP_WORKER_BIN: join("/", "nonexistent", "worker"),
    }));

  test("a missing k6", async () => {
    // A checkout without what set-up makes.
    for (const part of ["bin", "sim", "scenarios", "infra", "package.json"]) {
      cpSync(join(root, part), join(directory, "checkout", part), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(directory, "checkout", "node_modules"));
    const finished = await soundcheck(["run", "smoke"], {
      command: join(directory, "checkout", "bin", "soundcheck"),
      env: { PATH: "/usr/bin:/bin" },
    });
    expect(finished.stderr).toMatch(/k6 is missing[\s\S]*npm run setup/);
    expect(finished.exitCode).toBe(4);
    expect(finished.directory).toBeUndefined();
  });

  test("a port that is in use, by server and by agent", async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => {
      listener.listen(0, "127.0.0.1", resolve);
    });
    const address = listener.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    try {
      await refused(["serve", "--port", port], 4, new RegExp(`port ${port}.* in use`));
      await refused(["agent", "--port", port], 4, new RegExp(`port ${port}.* in use`));
    } finally {
      listener.close();
    }
  });

  test("a server beyond loopback without a secret", () =>
    refused(["serve", "--host", "0.0.0.0", "--port", "0"], 2, /SOUNDCHECK_TOKEN_SECRET/, {
      SOUNDCHECK_TOKEN_SECRET: "",
    }));
});
