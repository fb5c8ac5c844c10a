/**
 * Intervals by the bootstrap (Efron and Tibshirani 1993, chapter 13): how far the mean of a few
 * paired differences may be off, without a belief about how they are spread.
 */
import type { Random } from "../util/random.ts";

const resamples = 10_000;
/** With fewer, resampling says nothing. */
export const fewestSamples = 3;

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The percentile interval of the mean, by default of 95 %, widened for small samples by
 * sqrt(n / (n - 1)) (Hesterberg 2015, section 3.2: a plain one is too narrow by that). Null with fewer than three values.
 */
export function meanInterval(
  values: readonly number[],
  random: Random,
  confidence = 0.95,
): [low: number, high: number] | null {
  const n = values.length;
  if (n < fewestSamples) return null;
  const center = mean(values);
  const means = new Float64Array(resamples);
  for (let i = 0; i < resamples; i++) {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += values[random.integer(n)] ?? 0;
    means[i] = sum / n;
  }
  means.sort();
  const at = (share: number): number => means[Math.round(share * (resamples - 1))] ?? center;
  const widening = Math.sqrt(n / (n - 1));
  const tail = (1 - confidence) / 2;
  return [center + (at(tail) - center) * widening, center + (at(1 - tail) - center) * widening];
}

/** Fisher and Yates: every order as likely. */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [order[last], order[other]] = [order[other] as Item, order[last] as Item];
  }
  return order;
}
