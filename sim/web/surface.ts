/** What `window.soundcheck` answers, as plain data: for k6's script too, which knows no browser's types. */

/** A chirp that came out of the page's audio. */
export type HeardChirp = {
  /** When its first sample reached the audio output, in milliseconds since 1970. */
  readonly atUnixMs: number;
  /** How far off that may be: half the spread of the output's clock, and what two wall clocks of one machine differ by. */
  readonly uncertaintyMs: number;
  /** How like the chirp it was, 0 to 1. */
  readonly correlation: number;
};

/** What the page's ear has heard. */
export type Heard = {
  /** Since the last time that one asked. */
  readonly chirps: readonly HeardChirp[];
  /** From the page's audio graph to the output, as the browser tells; part of every instant above. */
  readonly outputMs: number;
};

/** Instants in milliseconds since 1970; null what has not happened. */
export type Joining = {
  /** Join was pressed. */
  readonly begunAtUnixMs: number | null;
  /** Media that is received was connected: ICE and DTLS done. */
  readonly connectedAtUnixMs: number | null;
};
