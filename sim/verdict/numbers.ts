/** Numbers as a person reads them, each with its unit. */

/** 1234567 as 1,234,567. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** So many significant digits, no exponent for anything that a person would meet. */
export function significant(value: number, digits = 3): string {
  return Math.abs(value) >= 1000 ? grouped(value) : String(Number(value.toPrecision(digits)));
}

/** A short time in the unit that suits it: 2.1 µs, 182 ms, 1.24 s. */
export function secondsText(seconds: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return "0 ms";
  if (size < 1e-9) return "under 1 ns";
  if (size < 0.000_999_5) return `${significant(seconds * 1e6)} µs`;
  return size < 0.999_5 ? `${significant(seconds * 1000)} ms` : `${significant(seconds)} s`;
}

/** A value in seconds, a ratio or a count, short, with its unit. */
export function withUnit(value: number, unit: "seconds" | "ratio" | "count"): string {
  switch (unit) {
    case "seconds":
      return secondsText(value);
    case "ratio":
      return `${significant(value * 100, 4)} %`;
    case "count":
      return grouped(value);
  }
}

/** Part of a whole as a percentage: whole from 10 % on, two digits below; never 0 % or 100 % when it is not. */
export function percentOf(part: number, whole: number): string {
  if (!(whole > 0)) return "0 %";
  const percent = (100 * part) / whole;
  if (percent < 10) return `${significant(percent, 2)} %`;
  const rounded = Math.round(percent);
  return `${rounded === 100 && part < whole ? significant(percent, 5) : rounded} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}
