import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDecoder } from "libopus-wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SetupError } from "../util/errors.ts";
import { loadCorpus, nearestVoice, type Corpus } from "./corpus.ts";
import { levelDbov } from "./speech.ts";

const bitrateBps = 24_000;
let directory: string;
let path: string;
let built: Corpus;
const progress: number[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "corpus-"));
  path = join(directory, "opus-24k.corpus");
  built = await loadCorpus({ directory, bitrateBps, onProgress: (doneRatio) => progress.push(doneRatio) });
}, 60_000);

afterAll(() => rm(directory, { recursive: true }));

/** Loads it again; tells whether that meant building. */
async function reload(): Promise<{ corpus: Corpus; rebuilt: boolean }> {
  let rebuilt = false;
  const corpus = await loadCorpus({ directory, bitrateBps, onProgress: () => (rebuilt = true) });
  return { corpus, rebuilt };
}

const bytesOf = ({ voices, roomTone }: Corpus): string =>
  JSON.stringify(
    [voices.map((voice) => voice.utterances), roomTone.frames].flat(3).map(({ payload }) => [...payload]),
  );

describe("loadCorpus", () => {
  test("builds once, with progress up to 1, and then reads the same from one modest file", async () => {
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    const { corpus, rebuilt } = await reload();
    expect(rebuilt).toBe(false);
    expect(corpus.roomTone.loopStart).toBe(built.roomTone.loopStart);
    expect(corpus.voices.map((voice) => voice.parameters)).toEqual(
      built.voices.map((voice) => voice.parameters),
    );
    expect(bytesOf(corpus)).toBe(bytesOf(built));
    expect(await readdir(directory)).toEqual(["opus-24k.corpus"]);
    expect((await stat(path)).size).toBeLessThan(1_000_000);
  });

  test("has six voices of ascending utterances of 0.4 to 5 s, all of it sent", () => {
    expect(built.voices.length).toBe(6);
    for (const { utterances } of built.voices) {
      expect(utterances.map(({ length }) => length)).toEqual([20, 30, 40, 50, 75, 100, 150, 250]);
      expect(utterances.flat().every((frame) => frame.sent)).toBe(true);
    }
  });

  test("has frames of the bit rate's size on average, within a quarter, and levels of speech", () => {
    const frames = built.voices.flatMap((voice) => voice.utterances.flat());
    const meanBytes = frames.reduce((sum, { payload }) => sum + payload.length, 0) / frames.length;
    expect(meanBytes).toBeGreaterThan(60 * 0.75);
    expect(meanBytes).toBeLessThan(60 * 1.25);
    expect(Math.min(...frames.map((frame) => frame.levelDbov))).toBeGreaterThan(5);
    expect(Math.max(...frames.map((frame) => frame.levelDbov))).toBeLessThanOrEqual(72);
  });

  test("has room tone that sends a comfort-noise update about every 400 ms and little else", () => {
    const { frames, loopStart } = built.roomTone;
    expect(frames.slice(0, loopStart).every((frame) => frame.sent)).toBe(true);
    const loop = frames.slice(loopStart);
    const sentAt = loop.flatMap((frame, i) => (frame.sent ? [i] : []));
    expect(sentAt.length).toBeGreaterThan(10);
    for (const [i, at] of sentAt.entries()) expect(at - (sentAt[i - 1] ?? -1)).toBe(21);
    expect(sentAt.at(-1)).toBe(loop.length - 1);
  });

  test("decodes as speech also where utterances are joined", async () => {
    using decoder = await createDecoder({ channels: 1, sampleRate: 48_000 });
    const [voice] = built.voices;
    const joined = [...(voice?.utterances[2] ?? []), ...(voice?.utterances[3] ?? [])];
    const levels = joined.map(({ payload }) => levelDbov(decoder.decodeFloat(payload)));
    expect(Math.min(...levels.slice(5, 35))).toBeLessThan(30);
    // The seam is quiet: no click where one encoder's frames end and another's begin.
    expect(Math.min(...levels.slice(38, 42))).toBeGreaterThan(60);
    expect(Math.min(...levels.slice(45, 85))).toBeLessThan(30);
  });

  test("is built anew when damaged, cut short, or of other settings", async () => {
    const good = await readFile(path);
    const damaged = Buffer.from(good);
    damaged.writeUInt8(damaged.readUInt8(5000) ^ 1, 5000);
    const otherSettings = Buffer.from(good);
    otherSettings.writeUInt8(otherSettings.readUInt8(3) ^ 1, 3);
    for (const bad of [damaged, otherSettings, good.subarray(0, 1000), Buffer.alloc(0)]) {
      await writeFile(path, bad);
      const controller = new AbortController();
      const onProgress = (): void => controller.abort(new Error("it was being built"));
      const loading = loadCorpus({ directory, bitrateBps, onProgress, signal: controller.signal });
      await expect(loading).rejects.toThrow("it was being built");
    }
    const { corpus, rebuilt } = await reload();
    expect(rebuilt).toBe(true);
    expect(bytesOf(corpus)).toBe(bytesOf(built));
    expect((await readFile(path)).equals(good)).toBe(true);
  }, 60_000);

  test("says what to do when it cannot be written", async () => {
    const loading = loadCorpus({ directory: join(path, "below-a-file"), bitrateBps });
    const error = await loading.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SetupError);
    expect(error).toMatchObject({ code: "corpus-not-written", hint: expect.stringContaining("writable") });
  });
});

describe("nearestVoice", () => {
  test("finds each voice by its own parameters, and by ones close to them", () => {
    for (const [index, { parameters }] of built.voices.entries()) {
      expect(nearestVoice(built, parameters)).toBe(index);
      expect(nearestVoice(built, { ...parameters, pitchHz: parameters.pitchHz * 1.03 })).toBe(index);
    }
  });
});
