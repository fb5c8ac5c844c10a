import type { Sampler } from "../measure/sampler.ts";
import type { SentLedger } from "../measure/sent-ledger.ts";
import type { Histogram } from "../util/histogram.ts";

/** What all listeners of an engine add up into. */
export type Totals = {
  readonly runStartMs: number;
  readonly ledger: SentLedger;
  readonly sampler: Sampler;
  readonly mouthToEar: Histogram;
  readonly pathDelay: Histogram;
  readonly playoutDelay: Histogram;
  readonly decryptCost: Histogram;
  readonly keyGap: Histogram;
  decrypted: number;
  readonly refused: Record<string, number>;
  second(second: number): { expected: number; lost: number; late: number; mouthToEar: Histogram };
};
