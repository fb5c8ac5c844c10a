/** The sound by which a delay is heard: a speaker sends it at known instants, and whoever hears it finds it again. */

/** Instants count from the beginning of a period. */
export const chirp = {
  /** Delays are told apart up to this long. */
  periodMs: 1000,
  startMs: 500,
  durationMs: 40,
  /** A linear sweep inside what every mode of Opus keeps, and wide enough to be told apart from any voice. */
  fromHz: 1000,
  toHz: 4000,
  amplitude: 0.4,
  /** Raised cosine at both ends, so that it does not click. */
  fadeMs: 5,
} as const;

/** One chirp, in samples from -1 to 1. */
export function chirpWaveform(sampleRateHz: number): Float32Array {
  const { durationMs, fromHz, toHz, amplitude, fadeMs } = chirp;
  const seconds = durationMs / 1000;
  return Float32Array.from({ length: Math.round(seconds * sampleRateHz) }, (_, sample) => {
    const at = sample / sampleRateHz;
    const phase = 2 * Math.PI * (fromHz * at + ((toHz - fromHz) * at * at) / (2 * seconds));
    const edge = Math.min(1, (1000 * at) / fadeMs, (1000 * (seconds - at)) / fadeMs);
    return amplitude * Math.sin(phase) * Math.sin((Math.PI / 2) * edge) ** 2;
  });
}
