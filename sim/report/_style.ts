/** The report's style sheet: light and dark, on paper, on a phone. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --quiet: #667079; --line: #e6e9ec; --axis: #b4bbc2;
  --good: #17753e; --bad: #c0281c; --doubt: #8f6000;
  --soft: #a9b8c9; --p50: #2f6fb3; --p95: #c98a1b; --p99: #a03a86;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e4e8ec; --quiet: #98a2ac; --line: #282e35; --axis: #4d565f;
    --good: #55c283; --bad: #f0766a; --doubt: #dca83a;
    --soft: #4f6073; --p50: #6aa9e9; --p95: #e0ae4f; --p99: #d884c1;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
.PASS { --tone: var(--good); } .FAIL { --tone: var(--bad); } .INVALID { --tone: var(--doubt); }
header { border-left: 5px solid var(--tone); padding: 0.1rem 0 0.1rem 1.25rem; }
h1 { margin: 0; font-size: 2.5rem; line-height: 1.1; letter-spacing: -0.02em; font-weight: 700; color: var(--tone); }
h1 small { color: var(--ink); font-size: 1.25rem; font-weight: 500; letter-spacing: 0; margin-left: 0.5rem; }
.about { margin: 0.35rem 0 0; color: var(--quiet); }
.doubt { margin: 0.9rem 0 0; font-weight: 650; }
.reasons { margin: 0.9rem 0 0; padding: 0; list-style: none; font-size: 1.0625rem; max-width: 52rem; }
.reasons li + li { margin-top: 0.3rem; }
.tiles { display: grid; grid-template-columns: repeat(5, 1fr); gap: 1px; margin: 2rem 0 0; background: var(--line); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.tiles div { background: var(--paper); padding: 0.8rem 1rem 0.7rem; }
.tiles dt { color: var(--quiet); font-size: 0.8125rem; }
.tiles dd { margin: 0; }
.tiles dd b { display: block; font-size: 1.5rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; white-space: nowrap; }
.tiles dd span { color: var(--quiet); font-size: 0.8125rem; }
section { margin-top: 2.75rem; }
h2 { margin: 0 0 0.75rem; font-size: 1.1875rem; font-weight: 650; letter-spacing: -0.005em; }
h2 span { font-weight: 400; font-size: 0.9375rem; margin-left: 0.35rem; }
h3 { margin: 1.5rem 0 0.4rem; font-size: 0.9375rem; font-weight: 650; }
p { margin: 0 0 0.75rem; max-width: 52rem; }
.quiet { color: var(--quiet); }
figure { margin: 0 0 0.6rem; }
figcaption { font-size: 0.8125rem; font-weight: 650; }
figcaption span { font-weight: 400; color: var(--quiet); margin-left: 0.35rem; }
.key { white-space: nowrap; }
.key i { display: inline-block; width: 0.9em; height: 0.2em; margin: 0 0.3em 0.25em 0.7em; border-radius: 1px; }
svg.plot { display: block; width: 100%; height: auto; overflow: visible; }
.narrow { display: none; }
.scroll { overflow-x: auto; }
.scroll + p { margin-top: 0.75rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; }
th { text-align: left; font-weight: 500; color: var(--quiet); white-space: nowrap; }
th, td { padding: 0.36rem 1rem 0.36rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.short { white-space: nowrap; }
td.long { overflow-wrap: anywhere; min-width: 12.5rem; }
td.mark { width: 1.4rem; padding-right: 0.4rem; font-weight: 700; }
td code { font-size: 0.8125rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.875em; }
.ok { color: var(--good); } .no { color: var(--bad); }
tr.broken td { background: color-mix(in srgb, var(--bad) 7%, transparent); }
td small { color: var(--quiet); font-size: 0.8125rem; }
td.n small { display: inline-block; min-width: 3.4rem; }
dl.plain { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.25rem; margin: 0; font-size: 0.875rem; }
dl.plain dt { color: var(--quiet); } dl.plain dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 0.9rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: 0.8125rem; }
@media screen and (max-width: 45rem) {
  body { padding: 1.25rem 1rem 3rem; }
  header { padding-left: 0.9rem; }
  h1 { font-size: 2rem; } h1 small { display: block; margin: 0.2rem 0 0; font-size: 1.125rem; }
  .tiles { grid-template-columns: 1fr 1fr; } .tiles div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .wide { display: none; } .narrow { display: block; }
  th, td { padding-right: 0.75rem; }
  section { margin-top: 2.25rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #1b1f24; --quiet: #5c656d; --line: #dfe3e6; --axis: #a7afb6;
    --good: #17753e; --bad: #c0281c; --doubt: #8f6000;
    --soft: #a9b8c9; --p50: #2f6fb3; --p95: #c98a1b; --p99: #a03a86;
  }
  @page { margin: 16mm 14mm; }
  body { padding: 0; max-width: none; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .wide { display: block; } .narrow { display: none; }
  .tiles dd b { font-size: 1.2rem; } .tiles div { padding: 0.5rem 0.7rem; }
  figure, tr, .tiles, header { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;
