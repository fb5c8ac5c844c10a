/** What the reports of encryption's cost say alike. */
import { overheadFigures, type OverheadDifference, type OverheadFigureId } from "../protocol/overhead.ts";
import { significant } from "../verdict/numbers.ts";
import { dash } from "./_text.ts";

export function withFigureUnit(figure: OverheadFigureId, value: number | null): string {
  return value === null ? dash : `${significant(value)} ${overheadFigures[figure].unit}`;
}

export function signed(value: number, digits = 2): string {
  return `${value > 0 ? "+" : value < 0 ? "−" : "±"}${significant(Math.abs(value), digits)}`;
}

export function differenceText({ figure, difference }: OverheadDifference): string {
  return difference === null ? dash : `${signed(difference)} ${overheadFigures[figure].unit}`;
}

export function intervalText({ interval }: OverheadDifference): string {
  return interval === null ? dash : `${signed(interval[0])} to ${signed(interval[1])}`;
}

export type Shown = "more" | "less" | "no difference shown" | "too few rounds";

/** A difference is shown when its interval leaves zero out. */
export function shown({ interval }: OverheadDifference): Shown {
  if (interval === null) return "too few rounds";
  if (interval[0] > 0) return "more";
  return interval[1] < 0 ? "less" : "no difference shown";
}

/** On against off, as a share of off; null where nothing stands below the line. */
export function relative({ off, difference, interval }: OverheadDifference): {
  by: number;
  low: number;
  high: number;
} | null {
  if (off === null || difference === null || !(off > 0)) return null;
  const [low, high] = interval ?? [difference, difference];
  return { by: difference / off, low: low / off, high: high / off };
}

export function micros(value: number | null): string {
  return value === null ? dash : `${significant(value, 2)} µs`;
}
