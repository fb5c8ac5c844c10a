import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom } from "../util/random.ts";
import type { Corpus, OpusFrame } from "./corpus.ts";
import { FrameSource, type SourcedFrame, type Talkspurt } from "./frame-source.ts";

/** Frames that tell in their payload what they are of: speech by its utterance's length and place, room tone by 255. */
const speechFrame = (length: number, index: number): OpusFrame => ({
  payload: Uint8Array.of(length, index, 0),
  levelDbov: 30,
  sent: true,
});
const noise = (sent: boolean): OpusFrame => ({ payload: Uint8Array.of(255, 0, 0), levelDbov: 70, sent });
const update = [...Array.from({ length: 20 }, () => noise(false)), noise(true)];
const corpus: Corpus = {
  bitrateBps: 24_000,
  voices: [
    {
      parameters: { pitchHz: 120, formantScale: 1, speakingRate: 1 },
      utterances: [20, 30, 40, 50, 75, 100, 150, 250].map((length) =>
        Array.from({ length }, (_, index) => speechFrame(length, index)),
      ),
    },
  ],
  roomTone: {
    frames: [...Array.from({ length: 10 }, () => noise(true)), ...update, ...update],
    loopStart: 10,
  },
};

function framesOf(talkspurts: readonly Talkspurt[], count: number, seed = "seed"): SourcedFrame[] {
  const source = new FrameSource({ corpus, voice: 0, talkspurts, random: createRandom(seed) });
  return Array.from({ length: count }, () => source.next());
}

const isSpeech = (frame: SourcedFrame | undefined): boolean =>
  frame?.kind === "frame" && frame.payload[0] !== 255;
const isMarked = (frame: SourcedFrame): boolean => frame.kind === "frame" && frame.marker;

const talkspurtsArbitrary = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 10, max: 600 })), { maxLength: 12 })
  .map((pairs) => {
    let at = 0;
    return pairs.map(([pauseFrames, frames]) => {
      const startMs = (at + pauseFrames) * 20;
      at += pauseFrames + frames;
      return { startMs, durationMs: frames * 20 };
    });
  });
const endOf = (talkspurts: readonly Talkspurt[]): number =>
  Math.max(0, ...talkspurts.map(({ startMs, durationMs }) => (startMs + durationMs) / 20));

describe("FrameSource", () => {
  test("never cuts an utterance", () => {
    fc.assert(
      fc.property(talkspurtsArbitrary, fc.string(), (talkspurts, seed) => {
        let length = 0;
        let index = 0;
        const outOfPlace = framesOf(talkspurts, endOf(talkspurts) + 100, seed).filter((frame) => {
          if (frame.kind === "silence" || !isSpeech(frame)) return index !== length;
          if (index === length) [length, index] = [frame.payload[0] ?? 0, 0];
          return frame.payload[0] !== length || frame.payload[1] !== index++;
        });
        expect(outOfPlace).toEqual([]);
      }),
    );
  });

  test("fills a talkspurt from its first frame to within 0.2 s of its end", () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 3000 }), fc.string(), (durationFrames, seed) => {
        const frames = framesOf(
          [{ startMs: 1000, durationMs: durationFrames * 20 }],
          durationFrames + 100,
          seed,
        );
        expect(frames.findIndex(isSpeech)).toBe(50);
        const end = frames.findLastIndex(isSpeech) + 1;
        expect(Math.abs(end - 50 - durationFrames)).toBeLessThanOrEqual(10);
        expect(frames.slice(50, end).every(isSpeech)).toBe(true);
      }),
    );
  });

  test("begins each talkspurt in time, or within 0.2 s when the last one took longer", () => {
    fc.assert(
      fc.property(talkspurtsArbitrary, (talkspurts) => {
        const frames = framesOf(talkspurts, endOf(talkspurts) + 100);
        // Those as short as the shortest utterance may go under in what was said before.
        for (const { startMs, durationMs } of talkspurts) {
          if (durationMs >= 400) expect(isSpeech(frames[startMs / 20 + 10])).toBe(true);
        }
      }),
    );
  });

  test("puts a marker on the first packet after frames that were not sent, and on no other", () => {
    const talkspurts = [
      { startMs: 500, durationMs: 1000 },
      // 100 ms later DTX has not begun: the packets go on without a hole.
      { startMs: 1600, durationMs: 1000 },
      { startMs: 5000, durationMs: 400 },
    ];
    const marked = framesOf(talkspurts, 500).flatMap((frame, i) => (isMarked(frame) ? [i] : []));
    expect(marked).toEqual([25, 250]);
  });

  test("goes silent as DTX does: a hangover of room tone, then an update every 21 frames", () => {
    const frames = framesOf([{ startMs: 0, durationMs: 2000 }], 300);
    const after = frames.slice(100);
    expect(after.slice(0, 10).every(({ kind }) => kind === "frame")).toBe(true);
    const updates = after.flatMap(({ kind }, i) => (kind === "frame" && i >= 10 ? [i] : []));
    expect(updates).toEqual([30, 51, 72, 93, 114, 135, 156, 177, 198]);
  });

  test("lets silent speakers update their comfort noise at different instants", () => {
    const first = (seed: string): number => framesOf([], 30, seed).findIndex(({ kind }) => kind === "frame");
    expect(new Set(Array.from({ length: 20 }, (_, i) => first(`seed ${i}`))).size).toBeGreaterThan(5);
  });

  test("gives the same frames for the same seed, and others for another", () => {
    const talkspurts = [{ startMs: 0, durationMs: 60_000 }];
    expect(framesOf(talkspurts, 3000)).toEqual(framesOf(talkspurts, 3000));
    expect(framesOf(talkspurts, 3000)).not.toEqual(framesOf(talkspurts, 3000, "other"));
  });

  test("refuses a voice that the corpus does not have", () => {
    expect(() => new FrameSource({ corpus, voice: 1, talkspurts: [], random: createRandom("x") })).toThrow(
      RangeError,
    );
  });
});
