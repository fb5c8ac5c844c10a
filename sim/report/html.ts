/**
 * report.html: one file, no script, nothing fetched; light and dark, on paper and on a phone. Made from the result
 * alone. Whatever comes from outside is escaped, and a Content-Security-Policy forbids what would slip through.
 */
import type { Result } from "../protocol/result.ts";
import { grouped, percentOf, plural } from "../verdict/numbers.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import {
  egressSection,
  encryptionSection,
  environmentSection,
  harnessSection,
} from "./_machinery-sections.ts";
import { browserSection } from "./_browser-section.ts";
import { delaySection, failuresTable, lossSection, thresholdsSection, timelineSection } from "./_sections.ts";
import { page } from "./_page.ts";
import { dash, outcomeSentence, span, startText, thresholdsSummary, time } from "./_text.ts";

export function formatHtml(result: Result): string {
  const { verdict, scenario, profile, environment, runId } = result;
  return page({
    title: `${verdict.outcome}: ${scenario}/${profile} ${runId}`,
    tone: verdict.outcome,
    header: heading(result),
    main: html`${tiles(result)} ${result.signalling === null ? timelineSection(result) : ""}
    ${thresholdsSection(result)} ${browserSection(result)} ${delaySection(result)}
    ${
      result.signalling === null
        ? html`${lossSection(result)} ${encryptionSection(result)}`
        : failuresTable(result)
    }
    ${egressSection(result)} ${harnessSection(result)} ${environmentSection(result)}`,
    footer: html`Soundcheck ${environment.soundcheck}, run ${runId}. Delays are counted from the intended
    instants, percentiles come from merged histograms (within 0.8 %), and a figure that was not measured is
    shown as ${dash}.`,
  });
}

function heading(result: Result): Html {
  const { verdict, scenario, profile, startedAt, durationSeconds, seed } = result;
  return html`<header>
    <h1>${verdict.outcome}<small>${scenario}/${profile}</small></h1>
    <p class="about">${startText(startedAt)} · ${span(durationSeconds)} · seed ${seed}</p>
    ${verdict.outcome === "INVALID" ? html`<p class="doubt">${outcomeSentence(result)}</p>` : ""}
    <ul class="reasons">
      ${
        verdict.reasons.length === 0
          ? html`<li>${outcomeSentence(result)}</li>`
          : verdict.reasons.map(({ message }) => html`<li>${message}</li>`)
      }
    </ul>
  </header>`;
}

function tiles(result: Result): Html {
  const { participants, thresholds } = result;
  const planned = participants.speakers + participants.listeners;
  const rows: Tile[] = [
    [
      "Joined",
      `${grouped(participants.joined)} / ${grouped(planned)}`,
      result.signalling === null
        ? `${grouped(participants.speakers)} on stage, ${plural(participants.listeners, "listener")}`
        : "without media",
    ],
    ...(result.signalling === null ? mediaTiles(result) : signallingTiles(result, result.signalling)),
    [
      "Thresholds",
      thresholdsSummary(thresholds),
      `${grouped(thresholds.filter(({ source }) => source === "exact").length)} on exact figures`,
    ],
  ];
  return html`<dl class="tiles">
    ${rows.map(
      ([label, figure, note]) =>
        html`<div>
          <dt>${label}</dt>
          <dd><b>${figure}</b><span>${note}</span></dd>
        </div>`,
    )}
  </dl>`;
}

type Tile = [label: string, figure: string, note: string];

function mediaTiles({ packets, lostRatio, mouthToEarSeconds, joinSeconds }: Result): Tile[] {
  return [
    [
      "Lost",
      lostRatio === null ? dash : percentOf(packets.lost, packets.expected),
      `of ${plural(packets.expected, "packet")}`,
    ],
    [
      "Mouth to ear p99",
      time(mouthToEarSeconds.p99),
      `p50 ${time(mouthToEarSeconds.p50)}, n ${grouped(mouthToEarSeconds.n)}`,
    ],
    ["Join p95", time(joinSeconds.p95), `n ${grouped(joinSeconds.n)}`],
  ];
}

function signallingTiles(
  { participants }: Result,
  { joinSeconds, answerSeconds }: NonNullable<Result["signalling"]>,
): Tile[] {
  return [
    ["Failed", grouped(participants.failed), `of ${plural(participants.listeners, "session")}`],
    ["Join p99", time(joinSeconds.p99), `n ${grouped(joinSeconds.n)}`],
    ["Answers p99", time(answerSeconds.p99), `n ${grouped(answerSeconds.n)}`],
  ];
}
