/** What two browsers of a sample run heard, for tests of reports. */
import type { Distribution, Result } from "../protocol/result.ts";

function around(p50: number, n: number): Distribution {
  return {
    n,
    coverage: 1,
    min: 0.8 * p50,
    mean: p50,
    p50,
    p95: 1.2 * p50,
    p99: 1.3 * p50,
    p999: 1.4 * p50,
    max: 1.5 * p50,
  };
}

export const sampleBrowsers: NonNullable<Result["browsers"]> = {
  planned: 2,
  started: 2,
  ok: 1,
  problems: ["browser 1: it heard nothing within 20 s"],
  joinSeconds: around(0.42, 1),
  mouthToEarSeconds: around(0.151, 29),
  outputSeconds: 0.042,
  uncertaintySeconds: 0.006,
  playoutDelaySeconds: around(0.081, 28),
  concealedRatios: around(0.002, 28),
  energyRatios: around(0.04, 28),
  simulated: {
    joinSeconds: around(0.03, 20),
    mouthToEarSeconds: around(0.06, 30_000),
    playoutDelaySeconds: around(0.03, 30_000),
    lateRatio: 0.001,
  },
  modelLessReal: { mouthToEarSeconds: -0.049, playoutDelaySeconds: -0.051 },
};
