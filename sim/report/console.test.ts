import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Progress } from "../protocol/fleet.ts";
import { runPlanSchema } from "../protocol/run-plan.ts";
import { arbitraryResult } from "./_arbitrary-result.ts";
import { sampleResult } from "./_sample-result.ts";
import { formatConsole, formatProgress } from "./console.ts";

describe("formatConsole", () => {
  test("is short enough to paste: at most 25 lines of 100 columns, for any result", () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const lines = formatConsole(result, { directory: "runs/x" }).split("\n");
        expect(lines.length).toBeLessThanOrEqual(25);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(100);
      }),
      { numRuns: 500 },
    );
  });

  test("colours only when told to, and colours nothing but the same text", () => {
    const result = sampleResult("blackout");
    const bare = formatConsole(result);
    expect(bare).not.toContain("\u001b");
    const colored = formatConsole(result, { color: true });
    expect(colored).toContain("\u001b[31m");
    expect(stripVTControlCharacters(colored)).toBe(bare);
  });

  test("lets no control sequence of others through", () => {
    const result = sampleResult("blackout");
    const text = formatConsole({
      ...result,
      seed: "\u001b[2J\u0007",
      verdict: { outcome: "FAIL", reasons: [{ code: "x", message: "\u001b]0;owned\u0007 a\nb" }] },
    });
    expect(text).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(text).toContain("]0;owned");
  });

  test("begins with the outcome and says why", () => {
    const lines = formatConsole(sampleResult("nobody")).split("\n");
    expect(lines[0]).toMatch(/^FAIL {2}panel\/load {2}2026-11-24 10:00:00 UTC {2}1 min 15 s/);
    expect(lines[1]).toContain("No participant connected: 180 did not complete ICE");
  });

  test("says in a line of its own what participants came back from, if anything", () => {
    expect(formatConsole(sampleResult("blackout"))).toContain(
      "interruptions 204 resumed, away ≤ 9.12 s   media anew 20 ×, in ≤ 580 ms   37 frames unsent",
    );
    expect(formatConsole(sampleResult("pass"))).not.toContain("interruptions");
  });

  test("of a storm of signalling shows joins and answers, and nothing of media", () => {
    const { joinSeconds } = sampleResult("pass");
    const signalling = { clients: 204, joinSeconds, answerSeconds: joinSeconds };
    const text = formatConsole({ ...sampleResult("pass"), signalling });
    expect(text).toContain("204 of 204 clients joined, without media, 0 failed");
    expect(text).toContain("answers       p50 59.8 ms");
    expect(text).not.toMatch(/mouth to ear|packets|encryption|late sends/);
  });

  test("shows failed thresholds before met ones, with n", () => {
    const marks = formatConsole(sampleResult("blackout"))
      .split("\n")
      .filter((line) => /[✓✗]/.test(line));
    expect(marks[0]).toMatch(/✗ lost rate<0\.01 +0\.143 {2}n 560,158/);
    expect(marks.slice(1).every((line) => line.includes("✓"))).toBe(true);
  });

  test("counts what does not fit: further reasons and thresholds", () => {
    const result = sampleResult("blackout");
    const text = formatConsole({
      ...result,
      verdict: {
        outcome: "FAIL",
        reasons: Array.from({ length: 20 }, (_, i) => ({ code: "x", message: `reason ${i}` })),
      },
      thresholds: Array.from({ length: 9 }, (_, i) => ({
        metric: `metric_${i}`,
        expression: "avg<1",
        source: "k6" as const,
        n: 1,
        measured: 2,
        k6Measured: 2,
        ok: false,
      })),
    });
    expect(text).toContain("• reason 5\n  • and 14 more reasons, in the report");
    expect(text).toContain("and 4 more, 4 of them failed");
  });
});

describe("formatProgress", () => {
  const plan = runPlanSchema.parse({
    runId: "r",
    scenario: "panel",
    profile: "load",
    seed: "s",
    target: { kind: "soundcheck", url: "ws://127.0.0.1:7880/room" },
    room: "r",
    stage: { speakers: 3 },
    audience: { listeners: 200 },
    conversation: { model: "panel", seconds: 60 },
    audio: { bitrateBps: 32_000 },
    e2ee: { enabled: true, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 5 },
    joinTimeoutSeconds: 15,
    lossHorizonSeconds: 2,
    samplesPerSecond: 500,
  });
  const progress: Progress = {
    runId: "r",
    elapsedSeconds: 12.7,
    stageJoined: 4,
    audienceJoined: 180,
    failed: 0,
    left: 0,
    speaking: 1,
    sent: 600,
    expected: 90_000,
    received: 89_991,
    lost: 9,
    mouthToEarP95Seconds: 0.1421,
    failure: null,
    chirps: null,
    plan,
  };

  test("says where the run is", () => {
    expect(formatProgress(progress)).toBe(
      "  12 s  stage 4/4  listeners 180/200  speaking 1  lost 0.01 % of 90,000  ear p95 142 ms",
    );
  });

  test("says what fails most, and leaves out what is not known", () => {
    const line = formatProgress({
      ...progress,
      expected: 0,
      lost: 0,
      mouthToEarP95Seconds: null,
      failed: 3,
      failure: "ice: no\nanswer",
    });
    expect(line).toBe(
      "  12 s  stage 4/4  listeners 180/200  speaking 1  no packets yet  failed 3 (ice: no answer)",
    );
  });

  test("stays one line of 100 columns", () => {
    fc.assert(
      fc.property(fc.nat(), fc.string({ unit: "binary", maxLength: 200 }), (number, failure) => {
        const line = formatProgress({
          ...progress,
          failed: number + 1,
          expected: number,
          lost: number,
          failure,
        });
        expect(line).not.toMatch(/\p{Cc}/u);
        expect([...line].length).toBeLessThanOrEqual(100);
      }),
    );
  });
});
