import { describe, expect, test } from "vitest";
import { encodeChirps } from "../audio/chirp-source.ts";
import { chirp } from "../audio/chirp.ts";
import { runPlanSchema, type RunPlan } from "../protocol/run-plan.ts";
import { StageSounds } from "./stage-sounds.ts";

const plan: RunPlan = {
  runId: "run-1",
  scenario: "browser",
  profile: "smoke",
  seed: "1",
  target: { kind: "soundcheck", url: "ws://127.0.0.1:7880/room" },
  room: "room",
  stage: { speakers: 2 },
  audience: { listeners: 3 },
  conversation: { model: "chirp", seconds: 10 },
  audio: { bitrateBps: 32_000 },
  e2ee: { enabled: true, suite: "AES_128_GCM_SHA256_128", rekeyWindowSeconds: 5 },
  joinTimeoutSeconds: 10,
  lossHorizonSeconds: 1,
  samplesPerSecond: 500,
};
const chirps = { kind: "chirps", frames: await encodeChirps(32_000) } as const;
const noSpeech = {
  kind: "speech",
  corpus: { bitrateBps: 32_000, voices: [], roomTone: { frames: [], loopStart: 0 } },
} as const;

describe("a stage that chirps", () => {
  const sounds = new StageSounds(runPlanSchema.parse(plan), chirps);

  test("has a host who sends all the time, and others who are muted", () => {
    const host = sounds.sourceFor(0);
    for (let frame = 0; frame < 200; frame++) expect(host?.next().kind).toBe("frame");
    expect([sounds.sourceFor(1), sounds.sourceFor(2), sounds.sourceFor(3)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(sounds.personas).toHaveLength(3);
  });

  test("tells when its chirps are", () => {
    expect(sounds.chirpsFrom(5000)).toEqual({
      firstAtUnixMs: 5000 - 20 + chirp.startMs,
      periodMs: chirp.periodMs,
    });
  });
});

test("a stage that talks, or is silent, has no chirps", () => {
  for (const model of ["panel", "silent"] as const) {
    const sounds = new StageSounds({ ...plan, conversation: { model, seconds: 10 } }, noSpeech);
    expect(sounds.chirpsFrom(0)).toBeNull();
    if (model === "silent") expect(sounds.sourceFor(0)).toBeUndefined();
  }
});
