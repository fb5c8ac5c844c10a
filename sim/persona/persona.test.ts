import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import { createPersona, maxNameLength } from "./persona.ts";

describe("createPersona", () => {
  test("gives the same persona for the same seed, whatever was drawn in between", () => {
    const first = createPersona(createRandom("a"));
    createPersona(createRandom("b"));
    expect(createPersona(createRandom("a"))).toEqual(first);
  });

  test("gives different people for different seeds", () => {
    const names = Array.from({ length: 200 }, (_, i) => createPersona(createRandom(`seed ${i}`)).name);
    expect(new Set(names).size).toBeGreaterThan(190);
  });

  test("keeps names and voices within what signalling and speech synthesis take", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const { name, voice, talkativeness } = createPersona(createRandom(seed));
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(maxNameLength);
        expect(voice.pitchHz).toBeGreaterThanOrEqual(75);
        expect(voice.pitchHz).toBeLessThanOrEqual(280);
        expect(voice.formantScale).toBeGreaterThanOrEqual(0.9);
        expect(voice.formantScale).toBeLessThanOrEqual(1.25);
        expect(voice.speakingRate).toBeGreaterThanOrEqual(0.7);
        expect(voice.speakingRate).toBeLessThanOrEqual(1.4);
        expect(talkativeness).toBeGreaterThan(0);
      }),
    );
  });

  test("mixes high and low voices", () => {
    const pitches = Array.from(
      { length: 200 },
      (_, i) => createPersona(createRandom(`seed ${i}`)).voice.pitchHz,
    );
    const high = pitches.filter((pitchHz) => pitchHz > 165).length;
    expect(high).toBeGreaterThan(60);
    expect(high).toBeLessThan(140);
  });
});
