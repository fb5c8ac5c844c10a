import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { planConversation, type Talkspurt } from "./conversation.ts";

const longSeconds = 20_000;
const longPanel = (speakers: number): Talkspurt[][] =>
  planConversation({
    model: "panel",
    speakers,
    seconds: longSeconds,
    random: createRandom("long"),
  });

/** In how many 20 ms frames at least one, and at least two, speak. */
function speech(plan: readonly (readonly Talkspurt[])[], seconds: number): { one: number; two: number } {
  const voices = new Uint8Array(seconds * 50);
  for (const { startMs, durationMs } of plan.flat()) {
    for (let frame = startMs / 20; frame < (startMs + durationMs) / 20; frame++) {
      voices[frame] = (voices[frame] ?? 0) + 1;
    }
  }
  const share = (least: number): number => voices.filter((count) => count >= least).length / voices.length;
  return { one: share(1), two: share(2) };
}

describe("planConversation", () => {
  test("keeps talkspurts in frames, in order, apart from each other and inside the plan", () => {
    const options = fc.record({
      model: fc.constantFrom("panel", "monologue", "silent"),
      speakers: fc.integer({ min: 1, max: 12 }),
      seconds: fc.double({ min: 0.001, max: 300, noNaN: true }),
      seed: fc.string(),
    });
    fc.assert(
      fc.property(options, ({ model, speakers, seconds, seed }) => {
        const plan = planConversation({ model, speakers, seconds, random: createRandom(seed) });
        expect(plan.length).toBe(speakers);
        for (const spurts of plan) {
          let endMs = -1;
          for (const { startMs, durationMs } of spurts) {
            expect(startMs).toBeGreaterThan(endMs);
            expect(durationMs).toBeGreaterThan(0);
            expect(startMs % 20).toBe(0);
            expect(durationMs % 20).toBe(0);
            endMs = startMs + durationMs;
          }
          expect(endMs).toBeLessThanOrEqual(seconds * 1000);
        }
      }),
    );
  });

  test("gives the same plan for the same seed, and another for another", () => {
    const plan = (seed: string) =>
      planConversation({ model: "panel", speakers: 4, seconds: 300, random: createRandom(seed) });
    expect(plan("a")).toEqual(plan("a"));
    expect(plan("a")).not.toEqual(plan("b"));
  });

  test("has talkspurts of 1.03 s on average inside turns (ITU-T P.59), within 10 %", () => {
    const durations = longPanel(4)
      .flat()
      .filter(({ kind }) => kind === "turn")
      .map(({ durationMs }) => durationMs);
    const meanMs = durations.reduce((sum, durationMs) => sum + durationMs, 0) / durations.length;
    expect(meanMs).toBeGreaterThan(930);
    expect(meanMs).toBeLessThan(1130);
  });

  test("is silent for 22.5 % of the time (ITU-T P.59), within 4 points, and rarely has two talking", () => {
    const { one, two } = speech(longPanel(4), longSeconds);
    expect(1 - one).toBeGreaterThan(0.185);
    expect(1 - one).toBeLessThan(0.265);
    expect(two).toBeGreaterThan(0.01);
    expect(two).toBeLessThan(0.074);
  });

  test("has 4 back-channels a minute of 0.4 s over the stage, within 10 %", () => {
    const backChannels = longPanel(5)
      .flat()
      .filter(({ kind }) => kind === "back-channel");
    const perMinute = backChannels.length / (longSeconds / 60);
    const meanMs = backChannels.reduce((sum, { durationMs }) => sum + durationMs, 0) / backChannels.length;
    expect(perMinute).toBeGreaterThan(3.6);
    expect(perMinute).toBeLessThan(4.4);
    expect(meanMs).toBeGreaterThan(360);
    expect(meanMs).toBeLessThan(440);
  });

  test("lets everybody speak, back-channel, and hear the others", () => {
    for (const spurts of longPanel(8)) {
      expect(spurts.some(({ kind }) => kind === "turn")).toBe(true);
      expect(spurts.some(({ kind }) => kind === "back-channel")).toBe(true);
    }
  });

  test("lets somebody alone talk in turns with pauses, without back-channels to themselves", () => {
    const [spurts = []] = longPanel(1);
    const inTurns = spurts.filter(({ kind }) => kind === "turn");
    expect(inTurns.length).toBeGreaterThan(10_000);
    expect(speech([spurts], longSeconds).one).toBeGreaterThan(0.7);
    expect(speech([spurts], longSeconds).two).toBe(0);
  });

  test("gives a monologue to the host alone, without pause to the end", () => {
    const plan = planConversation({
      model: "monologue",
      speakers: 3,
      seconds: 90,
      random: createRandom("m"),
    });
    expect(plan.map((spurts) => spurts.length)).toEqual([1, 0, 0]);
    const [spurt] = plan[0] ?? [];
    expect(spurt?.startMs).toBeLessThanOrEqual(500);
    expect((spurt?.startMs ?? 0) + (spurt?.durationMs ?? 0)).toBe(90_000);
  });

  test("says nothing when silent", () => {
    expect(
      planConversation({ model: "silent", speakers: 2, seconds: 60, random: createRandom("s") }),
    ).toEqual([[], []]);
  });

  test("refuses a stage without speakers and weights that do not fit", () => {
    const random = createRandom("x");
    const plan = (speakers: number, talkativeness: number[]) => () =>
      planConversation({ model: "panel", speakers, seconds: 1, talkativeness, random });
    expect(plan(0, [])).toThrow(RangeError);
    expect(plan(2, [1])).toThrow(RangeError);
    expect(plan(2, [1, 0])).toThrow(RangeError);
  });
});
