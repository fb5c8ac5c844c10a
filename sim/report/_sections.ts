import type { Distribution, Result } from "../protocol/result.ts";
import { describeLossInterval } from "../verdict/loss-intervals.ts";
import { grouped, percentOf, plural } from "../verdict/numbers.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import { distributionRows } from "./_rows.ts";
import { mark, table } from "./_table.ts";
import { tailPlot } from "./_tail-plot.ts";
import { dash, failedFirst, interruptionsText, k6Value, ratio, thresholdsSummary, time } from "./_text.ts";
import { timelinePlots } from "./_timeline-plots.ts";

export function timelineSection(result: Result): Html {
  if (result.timeline.length === 0) {
    return html`<section>
      <h2>What happened, and when</h2>
      <p class="quiet">Not one second was recorded.</p>
    </section>`;
  }
  const { lossIntervals } = result;
  return html`<section>
    <h2>What happened, and when</h2>
    ${
      result.packets.expected === 0
        ? html`<p>No packet was expected: at no time were a talking speaker and a listener connected.</p>`
        : lossIntervals.length === 0
          ? html`<p class="quiet">In no second was more than 5 % of the expected packets lost.</p>`
          : html`<p>
              ${lossIntervals.slice(0, 8).map((interval) => html`<b>${describeLossInterval(interval)}</b>. `)}
              ${lossIntervals.length > 8 ? `And in ${plural(lossIntervals.length - 8, "more stretch", "more stretches")}.` : ""}
            </p>`
    }
    ${timelinePlots(result)}
  </section>`;
}

export function delaySection(result: Result): Html {
  const observed = ({ n, coverage }: Distribution): string[] => [grouped(n), ratio(coverage)];
  return html`<section>
    <h2>How late</h2>
    ${result.signalling === null ? (tailPlot(result) ?? html`<p class="quiet">No delay was observed.</p>`) : ""}
    ${table(
      ["Figure", "p50#", "p95#", "p99#", "p99.9#", "max#", "n#", "observed#"],
      distributionRows(result).map(([label, distribution]) => ({
        cells: [
          label,
          time(distribution.p50),
          time(distribution.p95),
          time(distribution.p99),
          time(distribution.p999),
          time(distribution.max),
          ...observed(distribution),
        ],
      })),
    )}
  </section>`;
}

export function thresholdsSection({ thresholds }: Result): Html {
  return html`<section>
    <h2>Thresholds <span class="quiet">${thresholdsSummary(thresholds)}</span></h2>
    ${
      thresholds.length === 0
        ? html`<p class="quiet">The scenario sets none.</p>`
        : table(
            ["", "Threshold~", "Measured#", "n#", "Judged on", "k6's sample#"],
            failedFirst(thresholds).map(({ ok, metric, expression, n, measured, k6Measured, source }) => ({
              broken: !ok,
              cells: [
                mark(ok),
                html`<code>${metric} ${expression}</code>`,
                n === 0 ? "no samples" : k6Value(metric, measured),
                grouped(n),
                source === "exact" ? "every observation" : "k6's figures",
                k6Value(metric, k6Measured),
              ],
            })),
          )
    }
  </section>`;
}

/** Sessions that broke, by what they said. */
export function failuresTable({ participants: { failures } }: Result): Html | string {
  if (failures.length === 0) return "";
  return html`<h3>Sessions that broke</h3>
    ${table(
      ["Cause", "Message~", "Sessions#"],
      [...failures]
        .sort((a, b) => b.count - a.count)
        .map(({ cause, message, count }) => ({ cells: [cause, message, grouped(count)] })),
    )}`;
}

export function lossSection(result: Result): Html {
  const { packets, worstListeners } = result;
  const interruptions = interruptionsText(result);
  const share = (part: number, whole: number): string => (whole > 0 ? percentOf(part, whole) : dash);
  return html`<section>
    <h2>What was heard</h2>
    ${table(
      ["Sent#", "Unsent#", "Expected#", "Received#", "Lost#", "Late#", "Duplicate#", "At the edges#"],
      [
        {
          cells: [
            grouped(packets.sent),
            grouped(packets.unsent),
            grouped(packets.expected),
            grouped(packets.received),
            html`${grouped(packets.lost)} <small>${share(packets.lost, packets.expected)}</small>`,
            html`${grouped(packets.late)} <small>${share(packets.late, packets.expected)}</small>`,
            grouped(packets.duplicate),
            grouped(packets.edge),
          ],
        },
      ],
    )}
    <p class="quiet" style="margin-top:.5rem">
      Expected: sent, or due and not sent for want of media, while a listener was connected to the stream,
      summed over listeners. At the edges: sent before it was connected or after it left; neither heard nor
      lost.
    </p>
    ${interruptions === null ? "" : html`<p>Interruptions: ${interruptions}.</p>`} ${failuresTable(result)}
    ${
      worstListeners.length === 0
        ? ""
        : html`<h3>The worst listeners</h3>
            ${table(
              [
                "Listener~",
                "Seat#",
                "Lost#",
                "Late#",
                "Refused#",
                "Expected#",
                "Mouth to ear p99#",
                "Broke by",
              ],
              worstListeners.map(
                ({ name, index, lost, late, refused, deaf, expected, mouthToEarP99Seconds, failure }) => ({
                  cells: [
                    name,
                    grouped(index),
                    html`${grouped(lost)} <small>${share(lost, expected)}</small>`,
                    html`${grouped(late)} <small>${share(late, expected)}</small>`,
                    html`${grouped(refused)} <small>${share(refused, expected)}</small>`,
                    grouped(expected),
                    time(mouthToEarP99Seconds),
                    failure ?? (deaf ? "heard nothing" : dash),
                  ],
                }),
              ),
            )}`
    }
  </section>`;
}
