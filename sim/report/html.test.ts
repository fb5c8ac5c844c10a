import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { arbitraryResult } from "./_arbitrary-result.ts";
import { sampleResult } from "./_sample-result.ts";
import { sampleKinds } from "./_sample-room.ts";
import { formatHtml } from "./html.ts";

function textOf(html: string): string {
  return parseHTML(html).document.body.textContent.replace(/\s+/g, " ");
}

describe("formatHtml", () => {
  test("carries no script, no handler and no address to fetch from, whatever the texts say", () => {
    fc.assert(
      fc.property(arbitraryResult, (result) => {
        const { document } = parseHTML(formatHtml(result));
        expect(document.querySelectorAll("script, img, iframe, object, embed, form, a, base").length).toBe(0);
        for (const element of document.querySelectorAll("*")) {
          for (const { name, value } of element.attributes) {
            expect(name).not.toMatch(/^on/i);
            if (name === "href" || name === "src") expect(value).toMatch(/^data:image\/svg/);
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("shows a hostile name as the text that it is", () => {
    const result = sampleResult("blackout");
    const [worst] = result.worstListeners;
    if (worst === undefined) throw new Error("the sample has no listeners");
    const name = `<img src=x onerror="alert('1')">&amp;`;
    const html = formatHtml({ ...result, worstListeners: [{ ...worst, name }] });
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;");
  });

  test("forbids by policy whatever would slip through", () => {
    const { document } = parseHTML(formatHtml(sampleResult("pass")));
    const policy = document.querySelector(`meta[http-equiv="Content-Security-Policy"]`);
    expect(policy?.getAttribute("content")).toMatch(/^default-src 'none';/);
  });

  test("puts the verdict and its reasons before all else", () => {
    const text = textOf(formatHtml(sampleResult("blackout"))).trim();
    expect(text).toMatch(/^FAIL ?panel\/load/);
    expect(text.indexOf("Nearly nothing was heard")).toBeLessThan(text.indexOf("What happened, and when"));
  });

  test("says what participants came back from, and what could not be sent", () => {
    const text = textOf(formatHtml(sampleResult("blackout")));
    expect(text).toContain("Interruptions: 204 resumed, away ≤ 9.12 s");
    expect(text).toContain("37 frames unsent");
    expect(text).toMatch(/Away.*Media anew/);
    expect(textOf(formatHtml(sampleResult("pass")))).not.toMatch(/Interruptions|Media anew/);
  });

  test("of a storm of signalling has its joins, its answers and what failed, and nothing of media", () => {
    const { joinSeconds, participants } = sampleResult("pass");
    const result = {
      ...sampleResult("pass"),
      signalling: { clients: 204, joinSeconds, answerSeconds: joinSeconds },
      participants: {
        ...participants,
        failed: 2,
        failures: [{ cause: "refused" as const, message: "room-full", count: 2 }],
      },
    };
    const text = textOf(formatHtml(result));
    expect(text).toMatch(/Join p99.*Answers p99.*Signalling join.*Signalling answer.*room-full/);
    expect(text).not.toMatch(/Mouth to ear p99|What was heard|End-to-end encryption|A forwarded packet/);
  });

  test("marks each stretch of loss in each figure of the timeline, wide and narrow", () => {
    const { document } = parseHTML(formatHtml(sampleResult("blackout")));
    for (const label of ["Participants in the room over time", "Quantiles of mouth-to-ear delay over time"]) {
      const figures = document.querySelectorAll(`svg[aria-label="${label}"]`);
      expect(figures.length).toBe(2);
      for (const figure of figures)
        expect(figure.querySelectorAll(`g[aria-label="rect"] rect`).length).toBe(1);
    }
  });

  test("draws the limits that the scenario sets on mouth-to-ear", () => {
    const { document } = parseHTML(formatHtml(sampleResult("pass")));
    const figure = document.querySelector(`svg[aria-label="Quantiles of mouth-to-ear delay over time"]`);
    expect(figure?.textContent).toContain("p(99)<400");
  });

  test("labels the tail's percentiles exactly", () => {
    const { document } = parseHTML(formatHtml(sampleResult("pass")));
    const figure = document.querySelector(`svg[aria-label^="Delay by percentile"]`);
    for (const label of ["p50", "p90", "p99", "p99.9", "p99.99"])
      expect(figure?.textContent).toContain(label);
    expect(figure?.textContent).not.toContain("p100");
  });

  test("draws no figure of what was not observed, and says so", () => {
    const html = formatHtml(sampleResult("nobody"));
    expect(html).not.toContain("Share of packets lost over time");
    expect(html).not.toContain("Quantiles of mouth-to-ear delay over time");
    expect(html).toContain("Sessions that failed over time");
    expect(textOf(html)).toContain("No packet was expected");
    expect(textOf(html)).toContain("No delay was observed.");
  });

  test("says of a run without any record that there is none", () => {
    const text = textOf(
      formatHtml({ ...sampleResult("pass"), timeline: [], histograms: {}, thresholds: [] }),
    );
    expect(text).toContain("Not one second was recorded.");
    expect(text).toContain("The scenario sets none.");
  });

  test("states how egress is known", () => {
    const result = sampleResult("pass");
    expect(textOf(formatHtml(result))).toContain(result.egress.note);
    expect(textOf(formatHtml({ ...result, egress: { ...result.egress, destinations: [] } }))).toContain(
      "That is no proof of silence.",
    );
  });

  test("keeps a day's timeline to a few hundred points", () => {
    const result = sampleResult("pass");
    const second = result.timeline[40];
    if (second === undefined) throw new Error("the sample has no timeline");
    const timeline = Array.from({ length: 86_400 }, (_, i) => ({
      ...second,
      second: i,
      lost: i === 40_000 ? second.expected : 0,
    }));
    const html = formatHtml({ ...result, timeline });
    expect(html.length).toBeLessThan(300_000);
    expect(html).toContain("worst second of every 288");
  });

  test.each(sampleKinds)("keeps the report of %s below 150 kB", (kind) => {
    expect(formatHtml(sampleResult(kind)).length).toBeLessThan(150_000);
  });
});
