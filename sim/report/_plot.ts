/** Observable Plot on the server: SVG as text, colours by CSS variables, once wide for a desk and once narrow for a phone. */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Html, html } from "./_html.ts";

export type PlotWidth = { width: number; narrow: boolean };
const wide: PlotWidth = { width: 1000, narrow: false };
const narrow: PlotWidth = { width: 350, narrow: true };

/** The figure in both widths; CSS shows the one that fits. `label` is what a screen reader says. */
export function bothWidths(label: string, options: (width: PlotWidth) => Plot.PlotOptions): Html {
  return html`<div class="wide">${svg(label, options(wide), wide)}</div>
    <div class="narrow">${svg(label, options(narrow), narrow)}</div>`;
}

function svg(label: string, options: Plot.PlotOptions, { width }: PlotWidth): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({ ...options, width, document, className: "plot", style: { fontSize: "11px" } });
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", label);
  for (const style of plot.querySelectorAll("style")) style.remove();
  return new Html(roundCoordinates(plot.outerHTML));
}

/** A tenth of a pixel is enough, and halves the file. Text stays as it is. */
function roundCoordinates(text: string): string {
  return text.replace(/ (?:d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"/g, (attribute) =>
    attribute.replace(/-?\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 10) / 10)),
  );
}
