import { Html, html } from "./_html.ts";

/** A heading ending in `#` stands over numbers, to the right; in `~` over long text, which wraps; an empty one over marks. */
type Column = string;

function classOf(column: Column): string {
  if (column === "") return "mark";
  return column.endsWith("#") ? "n" : column.endsWith("~") ? "long" : "short";
}

export function table(
  columns: readonly Column[],
  rows: readonly { cells: readonly (string | Html)[]; broken?: boolean }[],
): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th class="${classOf(column)}">${column.replace(/[#~]$/, "")}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ cells, broken = false }) =>
            html`<tr${broken ? new Html(' class="broken"') : ""}>
              ${cells.map((cell, i) => html`<td class="${classOf(columns[i] ?? "short")}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export function mark(ok: boolean): Html {
  return ok ? html`<span class="ok" title="met">✓</span>` : html`<span class="no" title="not met">✗</span>`;
}
