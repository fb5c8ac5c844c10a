/** What there is to say of a figure, and bounds that several share. */
export type FigureDefinition = {
  /** What is counted: seconds, bytes, packets... `ratio` is 0 to 1. */
  readonly unit: "seconds" | "bytes" | "ratio" | "count";
  /** `distribution`: a histogram of observations. `rate`: hits over tries. `counter`: only grows. */
  readonly kind: "distribution" | "rate" | "counter";
  readonly better: "lower" | "higher" | "neither";
  /** As a heading of a table. */
  readonly label: string;
  /** One sentence: what exactly is measured. */
  readonly description: string;
  /** Upper bounds of the Prometheus histogram, in the figure's unit. */
  readonly bounds?: readonly number[];
  /** Known from what k6 counts alone: no host process observes it. */
  readonly byK6?: true;
};

export const delayBounds = [0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2];
export const shortBounds = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
export const costBounds = [5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3];
export const joinBounds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
