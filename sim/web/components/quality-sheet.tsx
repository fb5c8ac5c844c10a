import type { JSX } from "preact";
import type { Quality } from "../quality.ts";
import { measured } from "../text.ts";
import { Sheet } from "./sheet.tsx";

/** The connection's figures of the last seconds. */
export function QualitySheet(props: { quality: Quality | null; onClose(): void }): JSX.Element {
  const { quality } = props;
  const rows: [string, string, string][] = [
    ["Round trip", measured(quality?.roundTripMs ?? null, "ms"), "to the server and back"],
    ["Loss", measured(quality?.lossPercent ?? null, "%"), "of the packets sent to you"],
    ["Jitter", measured(quality?.jitterMs ?? null, "ms"), "of their arrival"],
    ["Playout delay", measured(quality?.playoutDelayMs ?? null, "ms"), "sound waits to be played smoothly"],
    ["Concealed", measured(quality?.concealedPercent ?? null, "%"), "made up, as it came too late"],
  ];
  return (
    <Sheet title="Connection" onClose={props.onClose}>
      <dl class="facts figures">
        {rows.map(([name, value, what]) => (
          <div key={name}>
            <dt>
              {name} <span class="hint">{what}</span>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">Over the last 2 seconds. A dash: nothing to measure, as nobody speaks.</p>
    </Sheet>
  );
}
