import { createDecoder } from "libopus-wasm";
import { describe, expect, test } from "vitest";
import { frameMs, frameTicks } from "../util/opus-frame.ts";
import { chirp } from "./chirp.ts";
import { ChirpDetector } from "./chirp-detector.ts";
import { ChirpSource, chirpPeriod, encodeChirps } from "./chirp-source.ts";

const rateHz = 48_000;
const framesPerPeriod = chirp.periodMs / frameMs;
/** Opus's algorithmic delay at 48 kHz: what `OPUS_GET_LOOKAHEAD` answers (6.5 ms). */
const lookAheadSamples = 312;

describe.each([24_000, 32_000, 40_000])("chirps in Opus at %i bit/s", (bitrateBps) => {
  test("come out of the decoder once a period, a look-ahead late and within a millisecond, without a seam", async () => {
    const source = new ChirpSource(await encodeChirps(bitrateBps));
    using decoder = await createDecoder({ sampleRate: rateHz, channels: 1 });
    const detector = new ChirpDetector(rateHz);
    const heard: number[] = [];
    const periods = 4;
    for (let frame = 0; frame < periods * framesPerPeriod; frame++) {
      const next = source.next();
      if (next.kind !== "frame") throw new Error("the stream stopped");
      for (const { atSample } of detector.push(decoder.decodeFloat(next.payload))) heard.push(atSample);
    }
    expect(heard).toHaveLength(periods);
    for (const [period, atSample] of heard.entries()) {
      const said = ((period * chirp.periodMs + chirp.startMs) * rateHz) / 1000;
      expect(Math.abs(atSample - said - lookAheadSamples)).toBeLessThan(rateHz / 1000);
    }
  });

  test("are whole frames, each sent, with the chirp alone louder than room tone", async () => {
    const frames = await encodeChirps(bitrateBps);
    expect(frames).toHaveLength(framesPerPeriod);
    expect(frames.every(({ sent }) => sent)).toBe(true);
    const loud = frames.flatMap(({ levelDbov }, frame) => (levelDbov < 60 ? [frame] : []));
    expect(loud).toEqual([25, 26]);
  });
});

describe("the source", () => {
  test("begins with a marker, has no other, and goes round", async () => {
    const frames = await encodeChirps(32_000);
    const source = new ChirpSource(frames);
    const said = Array.from({ length: 2 * framesPerPeriod }, () => source.next());
    expect(said.map((frame) => frame.kind === "frame" && frame.marker)).toEqual([
      true,
      ...Array.from({ length: 2 * framesPerPeriod - 1 }, () => false),
    ]);
    expect(said.map((frame) => frame.kind === "frame" && frame.payload)).toEqual(
      [...frames, ...frames].map(({ payload }) => payload),
    );
  });

  test("of no frames is refused", () => {
    expect(() => new ChirpSource([])).toThrow(RangeError);
  });

  test("says its first chirp where the first frame's samples and the period put it", () => {
    // The first frame is due when its 20 ms have been captured.
    expect(ChirpSource.firstChirpMs(1000)).toBe(1000 - frameMs + chirp.startMs);
    expect(chirpPeriod()).toHaveLength(framesPerPeriod * frameTicks);
  });
});
