/** The timeline, thinned to what a figure can show. */
import type { TimelineSecond } from "../protocol/result.ts";

/** One or more seconds; null where nothing was recorded or observed. */
export type TimelinePoint = {
  from: number;
  to: number;
  inRoom: number | null;
  failed: number | null;
  sent: number | null;
  lostPercent: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
};
export type PointKey = Exclude<keyof TimelinePoint, "from" | "to">;

const mostPoints = 300;

/** How many seconds a point must stand for. */
export function secondsPerPoint(timeline: readonly TimelineSecond[]): number {
  let first = Infinity;
  let last = -Infinity;
  for (const { second } of timeline) {
    first = Math.min(first, second);
    last = Math.max(last, second);
  }
  return last >= first ? Math.max(1, Math.ceil((last - first + 1) / mostPoints)) : 1;
}

/**
 * Points in order, with an empty one in each gap. Percentiles do not add up, so of several seconds the worst stands
 * for all, and so for loss; packets sent are a mean.
 */
export function timelinePoints(timeline: readonly TimelineSecond[], step: number): TimelinePoint[] {
  const groups = new Map<number, TimelineSecond[]>();
  for (const second of [...timeline].sort((a, b) => a.second - b.second)) {
    const from = Math.floor(second.second / step) * step;
    const group = groups.get(from);
    if (group === undefined) groups.set(from, [second]);
    else group.push(second);
  }
  const points: TimelinePoint[] = [];
  for (const [from, seconds] of groups) {
    const end = points.at(-1)?.to ?? from;
    if (end < from) points.push({ ...nothing, from: end, to: from });
    points.push(pointOf(from, from + step, seconds));
  }
  return points;
}

const nothing = {
  inRoom: null,
  failed: null,
  sent: null,
  lostPercent: null,
  p50: null,
  p95: null,
  p99: null,
};

function pointOf(from: number, to: number, seconds: readonly TimelineSecond[]): TimelinePoint {
  return {
    from,
    to,
    inRoom: largest(seconds.map(({ inRoom }) => inRoom)),
    failed: largest(seconds.map(({ failed }) => failed)),
    sent: seconds.reduce((sum, { sent }) => sum + sent, 0) / seconds.length,
    lostPercent: largest(
      seconds.map(({ lost, expected }) => (expected > 0 ? (100 * lost) / expected : null)),
    ),
    p50: inMs(seconds.map(({ mouthToEarP50 }) => mouthToEarP50)),
    p95: inMs(seconds.map(({ mouthToEarP95 }) => mouthToEarP95)),
    p99: inMs(seconds.map(({ mouthToEarP99 }) => mouthToEarP99)),
  };
}

export function largest(values: readonly (number | null)[]): number | null {
  return values.reduce(
    (most, value) => (value === null || (most !== null && most >= value) ? most : value),
    null,
  );
}

function inMs(seconds: readonly (number | null)[]): number | null {
  const value = largest(seconds);
  return value === null ? null : value * 1000;
}
