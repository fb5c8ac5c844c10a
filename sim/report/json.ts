/** result.json: written after a check against its schema, with keys always in the schema's order; read strictly. */
import { z } from "zod";
import { resultSchema } from "../protocol/result.ts";
import type { Result } from "../protocol/result.ts";
import { BadInputError } from "../util/errors.ts";

const columns = 110;

/** Throws a ZodError for what is no result: better no file than one that cannot be read again. */
export function formatResultJson(result: Result): string {
  const checked = resultSchema.parse(result);
  return `${pretty({
    ...checked,
    e2ee: { ...checked.e2ee, failures: sorted(checked.e2ee.failures) },
    histograms: sorted(checked.histograms),
  })}\n`;
}

/** Throws BadInputError `bad-result`, saying where and what does not fit. */
export function parseResultJson(text: string, where = "result.json"): Result {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BadInputError("bad-result", `${where}: not JSON`, { cause });
  }
  const parsed = resultSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BadInputError(
    "bad-result",
    `${where}: not a result of this version:\n${z.prettifyError(parsed.error)}`,
    {
      hint: "Reports are made from a result.json that this version of Soundcheck wrote.",
    },
  );
}

/** JSON in which whatever fits on a line stands on one. */
export function pretty(value: unknown, indent = ""): string {
  const line = JSON.stringify(value);
  if (typeof value !== "object" || value === null || line.length + indent.length <= columns) return line;
  const deeper = `${indent}  `;
  const list = Array.isArray(value);
  const items = list
    ? value.map((item: unknown) => pretty(item, deeper))
    : Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
        item === undefined ? [] : [`${JSON.stringify(key)}: ${pretty(item, deeper)}`],
      );
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  return `${open}\n${filled(items, deeper)}\n${indent}${close}`;
}

/** Short items of a list share lines, e.g. a histogram's buckets. */
function filled(items: readonly string[], indent: string): string {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const short = item.startsWith("[") && !item.includes("\n") && item.length < 24;
    if (short && last !== undefined && indent.length + last.length + item.length + 2 <= columns) {
      lines[lines.length - 1] = `${last}, ${item}`;
    } else lines.push(item);
  }
  return lines.map((line) => `${indent}${line}`).join(",\n");
}

function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
