import type { Random } from "../util/random.ts";
import { GlottalSource, Resonator } from "./_voice-source.ts";

/** All audio here is mono at this rate. */
export const sampleRateHz = 48_000;

export type VoiceParameters = {
  /** Mean fundamental frequency. */
  readonly pitchHz: number;
  /** Formant frequencies against an average adult male's. */
  readonly formantScale: number;
  /** Against 4.5 syllables a second. */
  readonly speakingRate: number;
};

export type SpeechOptions = {
  readonly voice: VoiceParameters;
  /** Silence at both ends included; at least 300. */
  readonly durationMs: number;
  readonly random: Random;
};

/** Faint noise, there all the time: what a quiet room sounds like at this level (RMS against full scale). */
const roomNoiseRms = 10 ** (-70 / 20);
/** Active speech of a usual level: -26 dBov (ITU-T P.56). */
const speechRms = 10 ** (-26 / 20);
const leadMs = 40;
const tailMs = 80;
const syllableMs = 1000 / 4.5;

/** First three formants of vowels of adult men (Peterson and Barney 1952, table II), in Hz. */
const vowels = [
  [270, 2290, 3010],
  [390, 1990, 2550],
  [530, 1840, 2480],
  [660, 1720, 2410],
  [730, 1090, 2440],
  [570, 840, 2410],
  [440, 1020, 2240],
  [300, 870, 2240],
  [640, 1190, 2390],
] as const;
type Formants = readonly [number, number, number];
const fourthFormantHz = 3500;
const formantBandwidthsHz = [70, 100, 160, 250] as const;

/** Noise of consonants: centre, bandwidth, strength against a vowel, and whether the voice goes on under it. */
const consonants = [
  { centreHz: 6500, bandwidthHz: 2500, gain: 0.35, voiced: 0 },
  { centreHz: 3500, bandwidthHz: 1800, gain: 0.4, voiced: 0 },
  { centreHz: 5000, bandwidthHz: 3000, gain: 0.15, voiced: 0.5 },
  { centreHz: 2000, bandwidthHz: 1200, gain: 0.2, voiced: 0 },
  { centreHz: 400, bandwidthHz: 300, gain: 0, voiced: 0.6 },
] as const;

/** Formants and pitch are set anew this often. */
const controlMs = 5;
const controlSamples = (controlMs * sampleRateHz) / 1000;

/** Noise of a quiet room at -70 dBov, in samples from -1 to 1. */
export function synthesizeRoomTone(durationMs: number, random: Random): Float32Array {
  const samples = new Float32Array(Math.round((durationMs * sampleRateHz) / 1000));
  addRoomNoise(samples, random);
  return samples;
}

/**
 * Something like speech, in samples from -1 to 1: syllables of a consonant's
 * noise and a vowel (glottal pulses through four formants), with falling
 * pitch, at -26 dBov, between two short silences. Nobody understands it, but a
 * codec treats it as it treats speech. The same seed gives the same sound.
 */
export function synthesizeSpeech({ voice, durationMs, random }: SpeechOptions): Float32Array {
  if (!(durationMs >= 300)) throw new RangeError("synthesizeSpeech: at least 300 ms are needed");
  const samples = new Float32Array(Math.round((durationMs * sampleRateHz) / 1000));
  const speech = samples.subarray(
    (leadMs * sampleRateHz) / 1000,
    samples.length - (tailMs * sampleRateHz) / 1000,
  );
  speak(speech, voice, random);
  normalise(speech);
  addRoomNoise(samples, random);
  return samples;
}

type Syllable = {
  readonly samples: number;
  /** Share of it that is the consonant's. */
  readonly onset: number;
  readonly consonant: (typeof consonants)[number];
  readonly from: Formants;
  readonly to: Formants;
  readonly stress: number;
};

function drawSyllables(totalSamples: number, voice: VoiceParameters, random: Random): Syllable[] {
  const averageSamples = ((syllableMs / voice.speakingRate) * sampleRateHz) / 1000;
  const count = Math.max(1, Math.round(totalSamples / averageSamples));
  const lengths = Array.from({ length: count }, () => 0.6 + 0.8 * random.next());
  const scale = totalSamples / lengths.reduce((sum, length) => sum + length, 0);
  return lengths.map((length) => {
    const vowel = random.pick(vowels);
    // Some vowels glide into another.
    const to = random.next() < 0.3 ? random.pick(vowels) : vowel;
    return {
      samples: Math.floor(length * scale),
      onset: 0.2 + 0.25 * random.next(),
      consonant: random.pick(consonants),
      from: vowel,
      to,
      stress: 0.5 + 0.5 * random.next(),
    };
  });
}

function speak(out: Float32Array, voice: VoiceParameters, random: Random): void {
  const source = new GlottalSource(sampleRateHz, random);
  const tract = formantBandwidthsHz.map(() => new Resonator(sampleRateHz));
  const frication = new Resonator(sampleRateHz);
  let at = 0;
  for (const syllable of drawSyllables(out.length, voice, random)) {
    const { consonant, onset, from, to, stress } = syllable;
    frication.tune(consonant.centreHz, consonant.bandwidthHz);
    const fricationGain = (consonant.gain * stress) / frication.noiseGain;
    for (let start = 0; start < syllable.samples; start += controlSamples) {
      const progress = start / syllable.samples;
      tuneTract(tract, voice, from, to, progress);
      // Pitch falls by a fifth over the utterance (declination) and rises a little in each stressed vowel.
      const accent = 1 + 0.12 * stress * Math.sin(Math.PI * progress);
      source.pitchHz = voice.pitchHz * (1.1 - (0.2 * at) / out.length) * accent;
      const inOnset = progress < onset;
      const voicing = inOnset
        ? consonant.voiced
        : Math.sin((Math.PI * (progress - onset)) / (1 - onset)) ** 0.5;
      const noise = inOnset ? Math.sin((Math.PI * progress) / onset) : 0;
      const end = Math.min(at + Math.min(controlSamples, syllable.samples - start), out.length);
      source.amplitudeTarget = voicing * stress;
      for (; at < end; at++) {
        let sample = source.next();
        for (const formant of tract) sample = formant.filter(sample);
        const hiss = noise === 0 ? 0 : noise * fricationGain * frication.filter(2 * random.next() - 1);
        out[at] = sample + hiss;
      }
    }
  }
}

function tuneTract(
  tract: readonly Resonator[],
  voice: VoiceParameters,
  from: Formants,
  to: Formants,
  progress: number,
): void {
  const glide = (index: 0 | 1 | 2): number => from[index] + (to[index] - from[index]) * progress;
  const frequenciesHz = [glide(0), glide(1), glide(2), fourthFormantHz];
  for (const [index, formant] of tract.entries()) {
    formant.tune((frequenciesHz[index] ?? 0) * voice.formantScale, formantBandwidthsHz[index] ?? 0);
  }
}

/** Brings the whole to the usual level, fades the edges in and out, and keeps peaks below full scale. */
function normalise(samples: Float32Array): void {
  const gain = speechRms / Math.max(1e-9, rms(samples));
  const fadeSamples = sampleRateHz / 100;
  for (const [i, sample] of samples.entries()) {
    const edge = Math.min(1, i / fadeSamples, (samples.length - 1 - i) / fadeSamples);
    samples[i] = Math.tanh(sample * gain * edge);
  }
}

function addRoomNoise(samples: Float32Array, random: Random): void {
  // Uniform noise of amplitude a has an RMS of a / sqrt(3).
  const amplitude = roomNoiseRms * Math.sqrt(3);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = (samples[i] ?? 0) + amplitude * (2 * random.next() - 1);
  }
}

/** Root mean square; 0 for nothing. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** Level as in RFC 6464: minus dBov, a whole number from 0 (full scale) to 127 (silence). */
export function levelDbov(samples: Float32Array): number {
  const level = -20 * Math.log10(rms(samples));
  return Math.min(127, Math.max(0, Math.round(level)));
}
