import { describe, expect, test } from "vitest";
import {
  isOverheadValid,
  overheadFigureIds,
  overheadSchema,
  overheadSchemaVersion,
  type Overhead,
} from "../protocol/overhead.ts";
import { formatOverheadConsole } from "./overhead-console.ts";
import { formatOverheadHtml } from "./overhead-html.ts";

const suite = "AES_128_GCM_SHA256_128";

function sample(more: Partial<Overhead> = {}): Overhead {
  return overheadSchema.parse({
    schema: overheadSchemaVersion,
    startedAt: "2026-11-24T10:00:00.000Z",
    durationSeconds: 300,
    seed: "<script>alert(1)</script>",
    interrupted: false,
    environment: {
      soundcheck: "0.1.0",
      node: "24.0.0",
      mediasoup: "3",
      worker: "source (libsrtp 2)",
      nodeDatachannel: "0.33",
      os: "linux",
      cpuModel: "model",
      cores: 2,
      memoryBytes: 2 ** 34,
      command: "soundcheck overhead",
    },
    room: { speakers: 2, listeners: 100, talkSeconds: 15, rounds: 3, bitrateBps: 32_000 },
    client: { frameBytes: 80, costs: [{ suite, encrypt: 2.7, decrypt: 2.2 }] },
    harness: { engine: "windows", costs: [{ suite, encrypt: 0.4, decrypt: 0.3 }] },
    native: { version: "3.0", costs: [{ suite, frame: 0.12 }], missing: null },
    browser: {
      version: null,
      off: null,
      on: null,
      difference: null,
      interval: null,
      n: 0,
      missing: "no Chromium",
    },
    rekey: [{ listeners: 1000, n: 5, distributorMs: 3, memberMicroseconds: 20, bytes: 45_000 }],
    blocks: [],
    differences: overheadFigureIds.map((figure, index) => ({
      suite,
      figure,
      n: 3,
      off: 10,
      on: 12,
      difference: 2,
      interval: index === 0 ? [1, 3] : [-1, 5],
    })),
    ...more,
  });
}

describe("the reports of encryption's cost", () => {
  test("say the client's figures first, and each difference with its interval", () => {
    const text = formatOverheadConsole(sample(), "runs/x");
    expect(text).toContain("encrypt  2.7 µs  decrypt  2.2 µs  native 0.12 µs");
    expect(text).toMatch(/speaker, CPU a packet sent +10 µs +12 µs +\+2 µs +\+1 to \+3$/m);
    expect(text).toMatch(/mouth to ear p50 .*−1 to \+5 {2}\(none shown\)$/m);
    expect(text).toContain("1000 listeners");
    expect(text).toContain("runs/x/report.html");
    expect(text).not.toContain("INVALID");
  });

  test("are invalid when a block measured the harness, or there were too few rounds, and say which", () => {
    const doubtful = sample({
      blocks: [
        {
          round: 1,
          suite: null,
          figures: Object.fromEntries(overheadFigureIds.map((id) => [id, null])) as never,
          packets: { sent: 0, received: 0, lost: 3 },
          doubts: ["3 of 9 packets were lost"],
        },
      ],
    });
    expect(isOverheadValid(doubtful)).toBe(false);
    for (const text of [formatOverheadConsole(doubtful), formatOverheadHtml(doubtful)]) {
      expect(text).toContain("round 2, without encryption: 3 of 9 packets were lost");
      expect(text).toMatch(/invalid/i);
    }
    const { differences } = sample();
    const few = sample({ differences: differences.map((difference) => ({ ...difference, interval: null })) });
    expect(isOverheadValid(few)).toBe(false);
    expect(formatOverheadConsole(few)).toContain("too few rounds");
  });

  test("show what was not measured as not measured, and let no text become a tag", () => {
    const { differences } = sample();
    const page = formatOverheadHtml(
      sample({
        differences: differences.map((difference) => ({
          ...difference,
          off: null,
          on: null,
          difference: null,
          interval: null,
          n: 0,
        })),
        native: { version: null, costs: [], missing: "no openssl" },
      }),
    );
    expect(page).toContain("No native limit: no openssl");
    expect(page).toContain("no Chromium");
    expect(page).not.toContain("NaN");
    expect(page).not.toContain("<script>");
  });
});
