/**
 * Unsigned 64-bit integers, as KID and CTR are: a plain number where it is
 * exact (below 2^53), which is the fast path, and a bigint above. Each value has
 * one form only, so two of them are equal exactly when `===` says so.
 */
export type Uint64 = number | bigint;

const wordSize = 0x1_0000_0000;
const maxUint64 = 0xffff_ffff_ffff_ffffn;

/** Brings a value into its one form; throws a RangeError for what is no unsigned 64-bit integer. */
export function uint64(value: number | bigint): Uint64 {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value) && value >= 0) return value;
  } else if (value >= 0n && value <= maxUint64) {
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }
  throw new RangeError(`expected an unsigned 64-bit integer (a bigint from 2^53 on), found ${value}`);
}

export function fromWords(high: number, low: number): Uint64 {
  return high < 0x20_0000 ? high * wordSize + low : (BigInt(high) << 32n) | BigInt(low);
}

/** The upper 32 bits. */
export function highWord(value: Uint64): number {
  return typeof value === "number" ? (value / wordSize) >>> 0 : Number(value >> 32n);
}

/** The lower 32 bits. */
export function lowWord(value: Uint64): number {
  return typeof value === "number" ? value >>> 0 : Number(value & 0xffff_ffffn);
}
