/**
 * Time. One machine has one monotonic clock (CLOCK_MONOTONIC) that all of its
 * processes share, so instants taken in different processes can be compared.
 */

declare const monotonicMsBrand: unique symbol;

/** An instant on the machine's monotonic clock, in milliseconds. */
export type MonotonicMs = number & { readonly [monotonicMsBrand]: true };

export type Clock = {
  /** The present instant on the monotonic clock. */
  now(): MonotonicMs;
};

/** Time as people tell it, for what outlives the process: it may jump when the machine's clock is set. */
export type WallClock = {
  /** Milliseconds since 1970, UTC. */
  nowUnixMs(): number;
};

export const systemWallClock: WallClock = { nowUnixMs: () => Date.now() };

/**
 * What one clock shows less what another does. Between two readings the process
 * may be held up, so several are taken and the one held up least counts.
 */
export function measureOffsetMs(one: () => number, other: () => number): number {
  let [offsetMs, leastMs] = [0, Infinity];
  for (let attempt = 0; attempt < 32; attempt++) {
    const before = other();
    const reading = one();
    const after = other();
    if (after - before >= leastMs) continue;
    leastMs = after - before;
    offsetMs = reading - (before + after) / 2;
  }
  return offsetMs;
}

// A page has none; and its types do not know it.
declare const process: { readonly hrtime: { bigint(): bigint } } | undefined;

// performance.now() counts from the process's start on the same clock as hrtime, and is the cheaper call.
// A page has a clock of its own, from its beginning on.
const processStartMs =
  typeof process === "undefined"
    ? 0
    : measureOffsetMs(
        () => Number(process.hrtime.bigint()) / 1e6,
        () => performance.now(),
      );

export const systemClock: Clock = {
  now: () => (performance.now() + processStartMs) as MonotonicMs,
};

/** Marks a plain number of milliseconds, e.g. one that came out of a message, as an instant of this machine's clock. */
export function monotonicMs(value: number): MonotonicMs {
  return value as MonotonicMs;
}

/**
 * What to add to a monotonic instant to get milliseconds since 1970, measured now.
 * One process takes it once a run and hands it to all others, so that capture
 * times in packets and arrival times agree to the microsecond.
 */
export function measureWallOffsetMs(clock: Clock = systemClock): number {
  return measureOffsetMs(
    () => performance.timeOrigin + performance.now(),
    () => clock.now(),
  );
}

const secondsFrom1900To1970 = 2_208_988_800;

/** Milliseconds since 1970 as a 64-bit NTP timestamp (RFC 5905 section 6): seconds since 1900 and a 32-bit fraction. */
export function ntpFromUnixMs(unixMs: number): { seconds: number; fraction: number } {
  const unixSeconds = Math.floor(unixMs / 1000);
  const fraction = Math.round((unixMs / 1000 - unixSeconds) * 0x1_0000_0000);
  return fraction === 0x1_0000_0000
    ? { seconds: (unixSeconds + 1 + secondsFrom1900To1970) >>> 0, fraction: 0 }
    : { seconds: (unixSeconds + secondsFrom1900To1970) >>> 0, fraction };
}

/** The inverse of {@link ntpFromUnixMs}; valid until the NTP era ends in 2036. */
export function unixMsFromNtp(seconds: number, fraction: number): number {
  return (seconds - secondsFrom1900To1970) * 1000 + (fraction / 0x1_0000_0000) * 1000;
}
