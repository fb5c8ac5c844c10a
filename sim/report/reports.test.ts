import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resultSchema } from "../protocol/result.ts";
import { BadInputError } from "../util/errors.ts";
import { arbitraryResult } from "./_arbitrary-result.ts";
import { sampleResult } from "./_sample-result.ts";
import { sampleKinds } from "./_sample-room.ts";
import { formatConsole } from "./console.ts";
import { formatHtml } from "./html.ts";
import { formatResultJson, parseResultJson, pretty } from "./json.ts";
import { formatJunit } from "./junit.ts";
import { formatMarkdown } from "./markdown.ts";
import { formatOpenMetrics } from "./open-metrics.ts";

const formats = {
  console: (result) => formatConsole(result, { directory: "runs/x" }),
  html: formatHtml,
  junit: formatJunit,
  markdown: formatMarkdown,
  openMetrics: formatOpenMetrics,
} satisfies Record<string, (result: ReturnType<typeof sampleResult>) => string>;
const formatNames = Object.keys(formats) as (keyof typeof formats)[];

describe.each(sampleKinds)("the sample %s", (kind) => {
  test("is a result by its schema", () => {
    expect(() => resultSchema.parse(sampleResult(kind))).not.toThrow();
  });

  test.each(formatNames)("gives the same %s when made again from result.json alone", (name) => {
    const result = sampleResult(kind);
    expect(formats[name](parseResultJson(formatResultJson(result)))).toBe(formats[name](result));
  });

  test.each(["console", "html", "markdown", "junit"] as const)(
    "names its outcome and every reason in %s",
    (name) => {
      const result = sampleResult(kind);
      const said = formats[name](result).replace(/\s+/g, " ").replaceAll("\\", "").replaceAll("&lt;", "<");
      expect(said).toContain(
        result.verdict.outcome === "PASS" && name === "junit" ? 'failures="0"' : result.verdict.outcome,
      );
      for (const { message } of result.verdict.reasons) expect(said).toContain(message);
    },
  );
});

test.each([
  ["pass", "PASS", []],
  ["blackout", "FAIL", ["blackout", "threshold"]],
  ["overloaded", "INVALID", ["harness-limit", "harness-limit", "harness-limit", "harness-limit"]],
  ["nobody", "FAIL", ["no-participant-connected", "no-listener-heard", "threshold"]],
] as const)("the sample %s is judged %s", (kind, outcome, codes) => {
  const { verdict } = sampleResult(kind);
  expect(verdict.outcome).toBe(outcome);
  expect(verdict.reasons.map(({ code }) => code)).toEqual(codes);
});

describe("for any result", () => {
  test.each(formatNames)("%s says neither NaN nor undefined nor null", (name) => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const said = /.{0,40}\b(?:NaN|undefined|null|Infinity)\b/.exec(formats[name](result));
        expect(said?.[0]).toBeUndefined();
      }),
      { numRuns: name === "html" ? 25 : 150 },
    );
  });

  test("result.json reads back as it was, and is written the same again", () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const text = formatResultJson(result);
        const read = parseResultJson(text);
        expect(read).toEqual(JSON.parse(JSON.stringify(result)));
        expect(formatResultJson(read)).toBe(text);
      }),
    );
  });
});

describe("result.json", () => {
  test("orders its keys as the schema does, whatever order they came in", () => {
    const result = sampleResult("pass");
    const reversed = Object.fromEntries(Object.entries(result).toReversed());
    expect(formatResultJson(resultSchema.parse(reversed))).toBe(formatResultJson(result));
    expect(Object.keys(JSON.parse(formatResultJson(result)))[0]).toBe("schema");
  });

  test("is not written when it could not be read again", () => {
    expect(() => formatResultJson({ ...sampleResult("pass"), durationSeconds: NaN })).toThrow(
      /durationSeconds/,
    );
  });

  test.each(["", "{", "[]", '{"schema":"soundcheck.result/0"}'])("refuses %j and says where", (text) => {
    expect(() => parseResultJson(text, "runs/x/result.json")).toThrow(BadInputError);
    expect(() => parseResultJson(text, "runs/x/result.json")).toThrow(/runs\/x\/result\.json/);
  });

  test("refuses a key that it does not know", () => {
    const text = JSON.stringify({ ...sampleResult("pass"), extra: 1 });
    expect(() => parseResultJson(text)).toThrow(/extra/);
  });

  test("is pretty printed without changing the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(pretty(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("junit.xml", () => {
  test("has a case for the verdict, each threshold and each limit, and counts what failed", () => {
    const result = sampleResult("blackout");
    const text = formatJunit(result);
    expect(text.match(/<testcase /g)).toHaveLength(
      1 + result.thresholds.length + result.harness.limits.length,
    );
    expect(text).toContain('failures="2" errors="0"');
    expect(text).toContain('name="lost rate&lt;0.01"');
  });

  test("says error for INVALID, since it says nothing about the system", () => {
    const text = formatJunit(sampleResult("overloaded"));
    expect(text).toContain('failures="0" errors="5"');
    expect(text).toMatch(
      /<testcase classname="soundcheck.verdict"[^>]*>\s*<error type="harness-limit" message="INVALID; /,
    );
  });

  test("is well formed for any result", () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const rest = formatJunit(result)
          .replace(/^<\?xml[^<>]*\?>/, "")
          .replace(/<\/?[a-z]+(?: [a-z]+="[^"<>]*")*\/?>/g, "");
        expect(rest).toMatch(/^\s*$/);
        expect(formatJunit(result)).not.toMatch(/&(?!(?:amp|lt|gt|quot|apos);)/);
        // XML 1.0 allows no other control characters.
        expect(formatJunit(result)).not.toMatch(/[^\P{Cc}\n]/u);
      }),
    );
  });
});

describe("summary.md", () => {
  test("lets no text become markup, a link, a mention or another table cell", () => {
    const result = sampleResult("blackout");
    const hostile = "a|b @team [x](http://evil.example) <b>`c` ![y](z)\n# top";
    const text = formatMarkdown({
      ...result,
      verdict: { outcome: "FAIL", reasons: [{ code: "x", message: hostile }] },
      thresholds: [
        { metric: hostile, expression: hostile, source: "k6", n: 1, measured: 1, k6Measured: 1, ok: false },
      ],
    });
    expect(text).not.toMatch(/[^\\]\[x|@team|<b>|http:\/\/|\n# top|[^\\]`/);
    const row = text.split("\n").find((line) => line.startsWith("| ✗ |"));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(7);
  });
});
