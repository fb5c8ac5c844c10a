import type { Histogram } from "../util/histogram.ts";

/** Outages that participants came back from, in seconds. */
export type Interruptions = {
  /** Without signalling. */
  readonly away: Histogram;
  /** From learning that media is lost to having it anew. */
  readonly mediaRestart: Histogram;
};
