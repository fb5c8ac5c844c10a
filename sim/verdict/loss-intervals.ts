/** When packets were lost: stretches of seconds, from the per-second counts. */
import { grouped, percentOf, plural } from "./numbers.ts";

export type LossSecond = { second: number; expected: number; lost: number };

/** `toSecond` is the first second after the stretch. */
export type LossInterval = { fromSecond: number; toSecond: number; lost: number; expected: number };

/** A second with fewer expected packets says little by itself: one lost of ten is no stretch of loss. */
const fewestExpected = 20;

export type LossIntervalOptions = {
  /** A second counts when more than this share of its expected packets was lost (0 to 1). Default 0.05. */
  share?: number;
};

/**
 * Stretches in which more than a share of the expected packets was lost, in order. A gap of one second inside a
 * stretch is part of it. Seconds with fewer than 20 expected packets only lengthen a stretch that they touch.
 */
export function findLossIntervals(
  seconds: readonly LossSecond[],
  { share = 0.05 }: LossIntervalOptions = {},
): LossInterval[] {
  const ordered = [...seconds].sort((a, b) => a.second - b.second);
  const lossy = ordered.filter(({ expected, lost }) => expected > 0 && lost > share * expected);
  const stretches: LossSecond[][] = [];
  for (const second of lossy) {
    const stretch = stretches.at(-1);
    const last = stretch?.at(-1);
    if (stretch !== undefined && last !== undefined && second.second - last.second <= 2) stretch.push(second);
    else stretches.push([second]);
  }
  return stretches.flatMap((stretch) => {
    const kept = trimThin(stretch);
    const first = kept[0];
    const last = kept.at(-1);
    if (first === undefined || last === undefined) return [];
    const inside = ordered.filter(({ second }) => second >= first.second && second <= last.second);
    return [
      {
        fromSecond: first.second,
        toSecond: last.second + 1,
        lost: inside.reduce((sum, { lost }) => sum + lost, 0),
        expected: inside.reduce((sum, { expected }) => sum + expected, 0),
      },
    ];
  });
}

/** Cuts thin seconds off both ends, but for one that touches a second which is not thin. */
function trimThin(stretch: readonly LossSecond[]): readonly LossSecond[] {
  const thick = (second: LossSecond): boolean => second.expected >= fewestExpected;
  const first = stretch.findIndex(thick);
  if (first === -1) return [];
  const last = stretch.findLastIndex(thick);
  const touches = (a: number, b: number): boolean =>
    Math.abs((stretch[a]?.second ?? NaN) - (stretch[b]?.second ?? NaN)) === 1;
  return stretch.slice(
    touches(first - 1, first) ? first - 1 : first,
    (touches(last, last + 1) ? last + 1 : last) + 1,
  );
}

/** `8 s from second 12: 97 % lost (45,120 of 46,400 packets)`. */
export function describeLossInterval({ fromSecond, toSecond, lost, expected }: LossInterval): string {
  return (
    `${grouped(toSecond - fromSecond)} s from second ${fromSecond}: ${percentOf(lost, expected)} lost ` +
    `(${grouped(lost)} of ${plural(expected, "packet")})`
  );
}
