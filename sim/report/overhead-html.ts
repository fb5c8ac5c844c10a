/** report.html of `soundcheck overhead`: what encryption costs, with intervals. */
import * as Plot from "@observablehq/plot";
import {
  isOverheadValid,
  overheadDoubts,
  overheadFigures,
  type Overhead,
  type OverheadDifference,
} from "../protocol/overhead.ts";
import { grouped, plural, significant } from "../verdict/numbers.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import {
  differenceText,
  intervalText,
  micros,
  relative,
  shown,
  signed,
  withFigureUnit,
} from "./_overhead-text.ts";
import { page } from "./_page.ts";
import { bothWidths } from "./_plot.ts";
import { table } from "./_table.ts";
import { bytes, dash, span, startText } from "./_text.ts";

export function formatOverheadHtml(overhead: Overhead): string {
  const valid = isOverheadValid(overhead);
  return page({
    title: `What encryption costs, ${startText(overhead.startedAt)}`,
    tone: valid ? "PASS" : "INVALID",
    header: heading(overhead, valid),
    main: html`${tiles(overhead)} ${clientSection(overhead)} ${differencesSection(overhead)}
    ${rekeySection(overhead)} ${harnessSection(overhead)} ${environmentSection(overhead)}`,
    footer: html`Soundcheck ${overhead.environment.soundcheck}. CPU is CPU time, read from outside the
    processes. A difference is the mean over rounds of on less off in the same round; its interval is a
    bootstrap of these (95 %). ${dash} stands for what was not measured.`,
  });
}

function heading(overhead: Overhead, valid: boolean): Html {
  const { room, startedAt, durationSeconds, seed } = overhead;
  const doubts = overheadDoubts(overhead);
  return html`<header>
    <h1>What encryption costs</h1>
    <p class="about">
      ${plural(room.speakers, "speaker")} to ${plural(room.listeners, "listener")} ·
      ${plural(room.rounds, "round")}, ${span(room.talkSeconds)} of talk a block · ${startText(startedAt)} ·
      ${span(durationSeconds)} · seed ${seed}
    </p>
    ${
      valid
        ? ""
        : html`<p class="doubt">
            ${doubts.length > 0 ? "Invalid: some blocks measured the harness." : "Invalid: too few rounds to compare."}
          </p>`
    }
    <ul class="reasons">
      ${doubts.slice(0, 8).map((doubt) => html`<li>${doubt}</li>`)}
    </ul>
  </header>`;
}

function tiles({ client, differences }: Overhead): Html {
  const [cost] = client.costs;
  const find = (figure: OverheadDifference["figure"]): OverheadDifference | undefined =>
    differences.find((difference) => difference.figure === figure);
  const tile = (label: string, difference: OverheadDifference | undefined): Html =>
    html`<div>
      <dt>${label}</dt>
      <dd>
        <b>${difference === undefined ? dash : differenceText(difference)}</b
        ><span>${difference === undefined ? "" : intervalText(difference)}</span>
      </dd>
    </div>`;
  return html`<dl class="tiles">
    <div>
      <dt>A client, a frame</dt>
      <dd>
        <b>${micros(cost?.encrypt ?? null)}</b
        ><span>to encrypt, ${micros(cost?.decrypt ?? null)} to decrypt</span>
      </dd>
    </div>
    ${tile("Mouth to ear p50", find("mouthToEarP50"))} ${tile("Mouth to ear p99", find("mouthToEarP99"))}
    ${tile("A stream", find("streamBitrate"))} ${tile("To first sound p50", find("firstSoundP50"))}
  </dl>`;
}

function clientSection({ client, native, browser }: Overhead): Html {
  return html`<section>
    <h2>
      What a client pays
      <span class="quiet">CPU a frame of ${client.frameBytes} bytes, node:crypto, each key its own</span>
    </h2>
    ${table(
      ["Suite", "Encrypt#", "Decrypt#", "Native limit, either way#"],
      client.costs.map(({ suite, encrypt, decrypt }) => ({
        cells: [
          html`<code>${suite}</code>`,
          micros(encrypt),
          micros(decrypt),
          micros(native.costs.find((cost) => cost.suite === suite)?.frame ?? null),
        ],
      })),
    )}
    <p class="quiet">
      ${
        native.missing === null
          ? `Native limit: OpenSSL ${native.version ?? ""} with one context for all operations (openssl speed); for CTR with HMAC the sum of both.`
          : `No native limit: ${native.missing}.`
      }
    </p>
    <p>
      ${
        browser.missing === null
          ? `Chromium ${browser.version ?? ""}: the renderer took ${significant(browser.off ?? NaN)} ms CPU a second without the transform and ${significant(browser.on ?? NaN)} with it: ${signed(browser.difference ?? NaN)} ms${browser.interval === null ? "" : ` (${signed(browser.interval[0])} to ${signed(browser.interval[1])})`}, ${plural(browser.n, "pair")}.`
          : `Chromium's renderer was not measured: ${browser.missing}.`
      }
    </p>
  </section>`;
}

function differencesSection({ differences }: Overhead): Html {
  const suites = [...new Set(differences.map(({ suite }) => suite))];
  return html`<section>
    <h2>On against off <span class="quiet">the same rooms and seeds, in rounds, order drawn</span></h2>
    ${suites.map((suite) => {
      const rows = differences.filter((difference) => difference.suite === suite);
      return html`<h3>${suite}</h3>
        ${forest(rows)}
        ${table(
          ["Figure", "Off#", "On#", "Difference#", "95 % interval#", "n#", "Shown"],
          rows.map((row) => ({
            cells: [
              overheadFigures[row.figure].label,
              withFigureUnit(row.figure, row.off),
              withFigureUnit(row.figure, row.on),
              differenceText(row),
              intervalText(row),
              grouped(row.n),
              shown(row),
            ],
          })),
        )}`;
    })}
  </section>`;
}

/** Every figure on one scale: by how much of what it is without encryption it is more. */
function forest(rows: readonly OverheadDifference[]): Html {
  const points = rows.flatMap((row) => {
    const by = relative(row);
    if (by === null) return [];
    const { label } = overheadFigures[row.figure];
    return [{ label, by: by.by * 100, low: by.low * 100, high: by.high * 100, clear: shown(row) }];
  });
  if (points.length === 0) return html`<p class="quiet">Nothing to draw.</p>`;
  const color = (point: (typeof points)[number]): string =>
    point.clear === "more" ? "var(--p99)" : point.clear === "less" ? "var(--p50)" : "var(--quiet)";
  return html`<figure>
    <figcaption>On against off <span>% of off, with the 95 % interval</span></figcaption>
    ${bothWidths("How much more each figure is with encryption, in percent", ({ narrow }) => ({
      height: 26 * points.length + 30,
      marginTop: 4,
      marginBottom: 24,
      marginLeft: narrow ? 150 : 270,
      marginRight: 16,
      x: { nice: true, label: null, axis: null },
      y: { domain: points.map(({ label }) => label), label: null, axis: null },
      marks: [
        Plot.gridX({ stroke: "var(--line)", strokeOpacity: 1, ticks: narrow ? 4 : 8 }),
        Plot.axisX({
          ticks: narrow ? 4 : 8,
          tickSize: 0,
          fill: "var(--quiet)",
          tickFormat: (value: number) => `${value} %`,
        }),
        Plot.axisY({
          tickSize: 0,
          fill: "currentColor",
          tickFormat: (label: string) => (narrow && label.length > 24 ? `${label.slice(0, 23)}…` : label),
        }),
        Plot.ruleX([0], { stroke: "var(--axis)" }),
        Plot.link(points, { x1: "low", x2: "high", y1: "label", y2: "label", stroke: color, strokeWidth: 2 }),
        Plot.dot(points, { x: "by", y: "label", fill: color, r: 4 }),
      ],
    }))}
  </figure>`;
}

function rekeySection({ rekey }: Overhead): Html {
  if (rekey.length === 0) return html``;
  return html`<section>
    <h2>A leave is answered <span class="quiet">a fresh secret for all who stay, without media</span></h2>
    ${table(
      ["Listeners#", "Distributor, CPU#", "Each member, CPU#", "Sent#", "n#"],
      rekey.map(({ listeners, n, distributorMs, memberMicroseconds, bytes: sent }) => ({
        cells: [
          grouped(listeners),
          `${significant(distributorMs)} ms`,
          micros(memberMicroseconds),
          bytes(sent),
          grouped(n),
        ],
      })),
    )}
  </section>`;
}

function harnessSection({ harness }: Overhead): Html {
  return html`<section>
    <h2>
      The harness's own engine
      <span class="quiet">${harness.engine}: shared keys, no affair of a client's</span>
    </h2>
    ${table(
      ["Suite", "Encrypt#", "Decrypt#"],
      harness.costs.map(({ suite, encrypt, decrypt }) => ({
        cells: [html`<code>${suite}</code>`, micros(encrypt), micros(decrypt)],
      })),
    )}
  </section>`;
}

function environmentSection({ environment }: Overhead): Html {
  const rows: [string, string][] = [
    ["Machine", `${environment.cores} x ${environment.cpuModel}, ${bytes(environment.memoryBytes)}`],
    ["System", environment.os],
    ["Node", environment.node],
    ["Room server", `mediasoup ${environment.mediasoup}, worker ${environment.worker}`],
    ["Clients", `node-datachannel ${environment.nodeDatachannel}`],
    ["Command", environment.command],
  ];
  return html`<section>
    <h2>Environment</h2>
    <dl class="plain">
      ${rows.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </section>`;
}
