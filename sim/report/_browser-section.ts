import type { Distribution, Result } from "../protocol/result.ts";
import { grouped, plural } from "../verdict/numbers.ts";
import { html } from "./_html.ts";
import type { Html } from "./_html.ts";
import { table } from "./_table.ts";
import { dash, ratio, signedTime, time } from "./_text.ts";

type Browsers = NonNullable<Result["browsers"]>;

/** Real browsers and simulated listeners of one stream, side by side, and what the model of the jitter buffer is worth. */
export function browserSection({ browsers }: Result): Html | "" {
  if (browsers === null) return "";
  const { simulated, modelLessReal, outputSeconds, uncertaintySeconds, mouthToEarSeconds } = browsers;
  return html`<section>
    <h2>
      Real browsers
      <span class="quiet">${grouped(browsers.ok)} of ${grouped(browsers.planned)} in order</span>
    </h2>
    <p>${modelSentence(browsers)}</p>
    ${
      browsers.problems.length === 0
        ? ""
        : html`<ul class="reasons">
            ${browsers.problems.map((problem) => html`<li>${problem}</li>`)}
          </ul>`
    }
    ${table(
      ["Figure~", "Listener", "p50#", "p95#", "p99#", "mean#", "n#", "Model less real#"],
      [
        row("Mouth to ear, heard", "browsers", mouthToEarSeconds, dash),
        row("Mouth to ear, modelled", "simulated", simulated.mouthToEarSeconds, [
          modelLessReal.mouthToEarSeconds,
        ]),
        row("Jitter buffer, each second's mean", "browsers", browsers.playoutDelaySeconds, dash),
        row("Jitter buffer, modelled", "simulated", simulated.playoutDelaySeconds, [
          modelLessReal.playoutDelaySeconds,
        ]),
        row("Join, from pressing Join", "browsers", browsers.joinSeconds, dash),
        row("Join", "simulated", simulated.joinSeconds, dash),
        row("Concealed, each second's share", "browsers", browsers.concealedRatios, dash, ratio),
        {
          cells: ["Lost or late", "simulated", dash, dash, dash, ratio(simulated.lateRatio), dash, dash],
        },
      ],
    )}
    <p class="quiet" style="margin-top:.5rem">
      ${plural(mouthToEarSeconds.n, "chirp")} heard, ${ratio(mouthToEarSeconds.coverage)} of those said
      meanwhile; each instant is within ${time(uncertaintySeconds)}. The delay heard ends at the browser's
      audio output, ${time(outputSeconds)} after its audio graph; the model ends at the jitter buffer, so that
      much is left out of the difference of the medians. Mean power of what was decoded:
      ${powerText(browsers.energyRatios)}.
    </p>
  </section>`;
}

/** How far the model is from the real jitter buffer, in a sentence. */
export function modelSentence({ modelLessReal, planned }: Browsers): string {
  const { mouthToEarSeconds, playoutDelaySeconds } = modelLessReal;
  if (mouthToEarSeconds === null && playoutDelaySeconds === null)
    return `Nothing was heard by ${planned === 1 ? "the browser" : "the browsers"}: how far the model is from a real jitter buffer is not known.`;
  const soonerOrLater = (seconds: number | null): string =>
    seconds === null
      ? "by an unknown time"
      : `${time(Math.abs(seconds))} ${seconds < 0 ? "sooner" : "later"}`;
  return (
    `Mouth to ear, the model plays ${soonerOrLater(mouthToEarSeconds)} than the real browsers ` +
    `(median against median, their output left out); its jitter buffer holds a frame for ` +
    `${playoutDelaySeconds === null ? "an unknown time" : `${time(Math.abs(playoutDelaySeconds))} ${playoutDelaySeconds < 0 ? "less" : "more"}`} (mean against mean).`
  );
}

function row(
  figure: string,
  listener: string,
  { n, p50, p95, p99, mean }: Distribution,
  modelLessReal: string | [number | null],
  shown: (value: number | null) => string = time,
): { cells: string[] } {
  const difference = typeof modelLessReal === "string" ? modelLessReal : signedTime(modelLessReal[0]);
  return { cells: [figure, listener, ...[p50, p95, p99, mean].map(shown), grouped(n), difference] };
}

/** As a level against full scale: 0.01 is -20 dBov. */
function powerText({ mean }: Distribution): string {
  return mean === null ? dash : mean === 0 ? "none" : `−${Math.abs(Math.round(10 * Math.log10(mean)))} dBov`;
}
