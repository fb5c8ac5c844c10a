import { describe, expect, test } from "vitest";
import { isSeatOf, runPlanSchema, seatAccount, type RunPlan } from "./run-plan.ts";

const plan: RunPlan = {
  runId: "run-1",
  scenario: "browser",
  profile: "smoke",
  seed: "1",
  target: { kind: "soundcheck", url: "ws://127.0.0.1:7880/room" },
  room: "room",
  stage: { speakers: 1 },
  audience: { listeners: 3, browsers: 2 },
  conversation: { model: "chirp", seconds: 10 },
  audio: { bitrateBps: 32_000 },
  e2ee: { enabled: true, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 5 },
  joinTimeoutSeconds: 10,
  lossHorizonSeconds: 1,
  samplesPerSecond: 500,
};

describe("a run plan", () => {
  test("with chirps and browsers is read as it was written, and one without browsers too", () => {
    expect(runPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    const without = { ...plan, audience: { listeners: 3 } };
    expect(runPlanSchema.parse(without)).toEqual(without);
  });

  test.each([
    ["a conversation that there is not", { conversation: { model: "chirps", seconds: 10 } }],
    ["half a browser", { audience: { listeners: 3, browsers: 0.5 } }],
    ["a key that nobody knows", { chirp: true }],
  ])("with %s is refused", (_what, change) => {
    expect(runPlanSchema.safeParse({ ...plan, ...change }).success).toBe(false);
  });

  test("has a seat for each that it seats, and for nobody else", () => {
    const seated = [
      ...[0, 1].map((index) => seatAccount("stage", index)),
      ...[0, 1, 2].map((index) => seatAccount("audience", index)),
      "browser-0",
      "browser-1",
    ];
    for (const account of seated) expect(isSeatOf(plan, account)).toBe(true);
    for (const account of ["speaker-2", "listener-3", "browser-2", "browser-01", "browser-", "guest-0", ""])
      expect(isSeatOf(plan, account)).toBe(false);
    expect(isSeatOf({ ...plan, audience: { listeners: 3 } }, "browser-0")).toBe(false);
  });
});
