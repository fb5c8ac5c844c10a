import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../util/errors.ts";
import { buildCorpus } from "./_corpus-build.ts";
import { decodeCorpus, encodeCorpus } from "./_corpus-file.ts";
import type { VoiceParameters } from "./speech.ts";

/** 20 ms of Opus. Its bytes are shared by all who speak it: never change them. */
export type OpusFrame = {
  readonly payload: Uint8Array;
  /** RFC 6464: minus dBov, 0 to 127. */
  readonly levelDbov: number;
  /** False where the encoder's DTX says that nothing needs to be sent (a payload of at most 2 bytes). */
  readonly sent: boolean;
};

export type CorpusVoice = {
  readonly parameters: VoiceParameters;
  /** From short to long, each from an encoder of its own and with a little silence at both ends: they can be joined. */
  readonly utterances: readonly (readonly OpusFrame[])[];
};

export type Corpus = {
  readonly bitrateBps: number;
  readonly voices: readonly CorpusVoice[];
  /** Silence as DTX sends it: the frames before `loopStart` come once (the hangover), those from there on again and again. */
  readonly roomTone: { readonly frames: readonly OpusFrame[]; readonly loopStart: number };
};

export type LoadCorpusOptions = {
  /** Where the corpus is kept between runs; made when missing. */
  readonly directory: string;
  readonly bitrateBps: 24_000 | 32_000 | 40_000;
  /** Called with the share done, 0 to 1, while the corpus is built; not at all when it is there. */
  readonly onProgress?: (doneRatio: number) => void;
  readonly signal?: AbortSignal;
};

/**
 * The corpus of speech at a bit rate: read from the directory in milliseconds,
 * or, where it is missing, damaged or of another version, built in a few
 * seconds and put there in one step. Throws a SetupError `corpus-not-written`
 * where it cannot be put.
 */
export async function loadCorpus({
  directory,
  bitrateBps,
  onProgress,
  signal,
}: LoadCorpusOptions): Promise<Corpus> {
  const path = join(directory, `opus-${bitrateBps / 1000}k.corpus`);
  const found = await readIfThere(path);
  const kept = found === undefined ? undefined : decodeCorpus(found, bitrateBps);
  if (kept !== undefined) return kept;
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    throw notWritten(path, cause);
  }
  const corpus = await buildCorpus({ bitrateBps, onProgress, signal });
  await writeInOneStep(path, encodeCorpus(corpus));
  return corpus;
}

/** Undefined also when it cannot be read: it is then built anew. */
async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch {
    return undefined;
  }
}

async function writeInOneStep(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}.${performance.now()}.tmp`;
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw notWritten(path, cause);
  }
}

function notWritten(path: string, cause: unknown): SetupError {
  return new SetupError("corpus-not-written", `the speech corpus could not be written to ${path}`, {
    hint: "make the directory writable, or give another one",
    cause,
  });
}

/** The voice of a corpus that comes closest to the one asked for, as its index. */
export function nearestVoice(corpus: Corpus, wanted: VoiceParameters): number {
  let nearest = 0;
  let least = Infinity;
  for (const [index, { parameters }] of corpus.voices.entries()) {
    // Ratios, since pitch and rate are heard as such; formants differ by less and count for more.
    const distance =
      Math.log(parameters.pitchHz / wanted.pitchHz) ** 2 +
      4 * Math.log(parameters.formantScale / wanted.formantScale) ** 2 +
      Math.log(parameters.speakingRate / wanted.speakingRate) ** 2;
    if (distance < least) [nearest, least] = [index, distance];
  }
  return nearest;
}
