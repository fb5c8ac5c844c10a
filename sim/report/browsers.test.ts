import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import type { Result } from "../protocol/result.ts";
import { sampleBrowsers } from "./_sample-browsers.ts";
import { sampleResult } from "./_sample-result.ts";
import { formatConsole } from "./console.ts";
import { formatHtml } from "./html.ts";
import { formatMarkdown } from "./markdown.ts";

const without = sampleResult("pass");
const withBrowsers: Result = { ...without, browsers: sampleBrowsers };
const deaf: Result = {
  ...without,
  browsers: {
    ...sampleBrowsers,
    mouthToEarSeconds: { ...sampleBrowsers.mouthToEarSeconds, n: 0, p50: null, p95: null },
    modelLessReal: { mouthToEarSeconds: null, playoutDelaySeconds: null },
  },
};

function section(result: Result): string {
  const { document } = parseHTML(formatHtml(result));
  const found = [...document.querySelectorAll("section")].find(({ textContent }) =>
    textContent.includes("Real browsers"),
  );
  return (found?.textContent ?? "").replace(/\s+/g, " ");
}

describe("real browsers in reports", () => {
  test("stand beside simulated listeners, with what the model is worth", () => {
    const text = section(withBrowsers);
    expect(text).toContain("1 of 2 in order");
    expect(text).toContain("the model plays 49 ms sooner than the real browsers");
    expect(text).toContain("its jitter buffer holds a frame for 51 ms less");
    expect(text).toContain("browser 1: it heard nothing within 20 s");
    expect(text).toMatch(/Mouth to ear, heard ?browsers ?151 ms/);
    expect(text).toMatch(/Mouth to ear, modelled ?simulated ?60 ms.*?−49 ms/);
  });

  test("are a line on the console and in the summary", () => {
    const line = "1/2   heard p50 151 ms   p95 181 ms   n 29   output 42 ms   model 49 ms sooner";
    expect(formatConsole(withBrowsers)).toContain(line);
    expect(formatMarkdown(withBrowsers)).toContain("**Real browsers:** 1/2   heard p50 151 ms");
  });

  test("that heard nothing have no delay, and the model is not judged by them", () => {
    expect(formatConsole(deaf)).toContain("1/2   nothing heard");
    expect(section(deaf)).toContain("how far the model is from a real jitter buffer is not known");
  });

  test("are not mentioned where there were none", () => {
    expect(section(without)).toBe("");
    expect(`${formatConsole(without)}${formatMarkdown(without)}`).not.toMatch(/browsers/i);
  });
});
