import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  browserComplaints,
  k6Environment,
  lastComplaint,
  lastException,
  readSummary,
  type ScenarioSettings,
} from "./k6.ts";

const settings: ScenarioSettings = {
  profile: "load",
  set: ["listeners=7", "talk=3"],
  seed: "s",
  e2ee: false,
  runId: "run-1",
  target: "ws://127.0.0.1:1/room",
  agent: "http://127.0.0.1:2",
  tokenSecret: undefined,
  summaryFile: "/tmp/k6.json",
};

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("k6's environment", () => {
  test("has what the scenario is told", () => {
    expect(k6Environment(settings)).toMatchObject({
      PROFILE: "load",
      SET: "listeners=7,talk=3",
      SEED: "s",
      E2EE: "off",
      RUN_ID: "run-1",
      TARGET: "ws://127.0.0.1:1/room",
      AGENT: "http://127.0.0.1:2",
      SUMMARY_FILE: "/tmp/k6.json",
      K6_NO_USAGE_REPORT: "true",
      K6_AUTO_EXTENSION_RESOLUTION: "false",
    });
  });

  test("leaves the profile to the scenario where none was asked for", () => {
    vi.stubEnv("PROFILE", "soak");
    expect(k6Environment({ ...settings, profile: undefined })).not.toHaveProperty("PROFILE");
  });

  test("has nothing else of ours: no secret, and no option of k6's own that would change the run", () => {
    vi.stubEnv("SOUNDCHECK_TOKEN_SECRET", "secret");
    vi.stubEnv("K6_VUS", "9000");
    vi.stubEnv("K6_OUT", "cloud");
    const environment = k6Environment(settings);
    expect(Object.keys(environment).filter((name) => /SECRET|K6_VUS|K6_OUT/.test(name))).toEqual([]);
  });
});

describe("k6's environment for browsers", () => {
  test("names the program where the scenario has any, and nothing of it where it has none", () => {
    const browserNames = (told: ScenarioSettings): string[] =>
      Object.keys(k6Environment(told)).filter((name) => name.startsWith("K6_BROWSER"));
    expect(browserNames(settings)).toEqual([]);
    expect(k6Environment({ ...settings, chromium: "/opt/chromium" })).toMatchObject({
      K6_BROWSER_EXECUTABLE_PATH: "/opt/chromium",
    });
  });
});

test("what browsers complained of is told one by one, and nothing else", () => {
  const tail = [
    'level=error msg="browser 0: it heard nothing within 20 s" source=console',
    'level=error msg="refused: room-full" source=console',
    'level=warning msg="browser 9: unknown target" source=browser',
    'level=error msg="browser 11: Error: \\"no\\"" source=console',
  ].join("\n");
  expect(browserComplaints(tail)).toEqual([
    "browser 0: it heard nothing within 20 s",
    'browser 11: Error: "no"',
  ]);
});

describe("k6's summary", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "soundcheck-summary-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const summary = (text: string): string => {
    const path = join(directory, "k6.json");
    writeFileSync(path, text);
    return path;
  };

  test("is read for its metrics", () => {
    const metrics = { digests: { type: "counter", values: { count: 3 } } };
    expect(readSummary(summary(JSON.stringify({ metrics, root_group: {} })))).toEqual(metrics);
  });

  test.each(["", "{", "[]", '{"metrics": 5}', '{"metrics": {"a": {"values": {"count": "many"}}}}'])(
    "that is %j is none",
    (text) => {
      expect(readSummary(summary(text))).toBeUndefined();
    },
  );

  test("that is not there is none", () => {
    expect(readSummary(join(directory, "nothing"))).toBeUndefined();
  });
});

describe("what k6 complained about last", () => {
  test("is its last warning or error, without the rest of the line", () => {
    const tail = [
      'time="2026-01-01T00:00:00Z" level=warning msg="first"',
      'time="2026-01-01T00:00:01Z" level=error msg="the agent refused: \\"busy\\"" executor=shared',
      'time="2026-01-01T00:00:02Z" level=info msg="going on"',
    ].join("\n");
    expect(lastComplaint(tail)).toBe('the agent refused: "busy"');
  });

  test("is said in one line, without a stack", () => {
    const thrown = String.raw`level=error msg="Error: boom\n\tat setup (file:///x.ts:6:93(3))\n\tat native\n" hint="script exception"`;
    expect(lastComplaint(thrown)).toBe("Error: boom");
    const listed = String.raw`level=error msg="problems:\n\t- executor a: no function\n\t- executor b: none"`;
    expect(lastComplaint(listed)).toBe("problems: - executor a: no function - executor b: none");
  });

  test("may be an exception in an iteration, which is told apart", () => {
    const thrown = String.raw`level=error msg="Error: boom\n\tat audience (file:///x.ts:6:116(8))\n" executor=a source=stacktrace`;
    expect(lastException(`${thrown}\nlevel=error msg="thresholds have been crossed"`)).toBe("Error: boom");
    expect(lastException('level=error msg="thresholds have been crossed"')).toBeNull();
    expect(lastException("")).toBeNull();
  });

  test("is nothing when it did not", () => {
    expect(lastComplaint("")).toBe("");
    expect(lastComplaint('level=info msg="fine"\nlevel=error without words')).toBe("");
  });
});
