/** What encryption costs, short enough to paste. */
import { isOverheadValid, overheadDoubts, overheadFigures, type Overhead } from "../protocol/overhead.ts";
import { significant } from "../verdict/numbers.ts";
import { differenceText, intervalText, micros, shown, withFigureUnit } from "./_overhead-text.ts";
import { plain, span } from "./_text.ts";

const mostDoubts = 5;

/** Without a newline at its end. */
export function formatOverheadConsole(overhead: Overhead, directory?: string): string {
  const { room, client, native, browser, rekey, differences } = overhead;
  const lines = [
    `What encryption costs  ${room.speakers} speakers to ${room.listeners} listeners, ${room.rounds} rounds of ${span(room.talkSeconds)}, seed ${plain(overhead.seed)}`,
    "",
    `  A client pays, a frame of ${client.frameBytes} bytes (node:crypto, keys of its own; native limit beside it)`,
    ...client.costs.map(({ suite, encrypt, decrypt }) => {
      const least = native.costs.find((cost) => cost.suite === suite)?.frame ?? null;
      return `    ${suite.padEnd(28)} encrypt ${micros(encrypt).padStart(7)}  decrypt ${micros(decrypt).padStart(7)}  native ${micros(least).padStart(7)}`;
    }),
    browser.missing === null
      ? `    Chromium's renderer: ${significant(browser.off ?? NaN)} ms CPU a second without, ${significant(browser.on ?? NaN)} with (n ${browser.n})`
      : `    Chromium's renderer: not measured (${plain(browser.missing)})`,
  ];
  for (const suite of new Set(differences.map((difference) => difference.suite))) {
    lines.push("", `  ${suite}`);
    lines.push(
      `    ${"".padEnd(42)}${"off".padStart(12)}${"on".padStart(12)}${"difference".padStart(14)}   95 % interval`,
    );
    for (const difference of differences.filter((other) => other.suite === suite)) {
      const { figure, off, on } = difference;
      lines.push(
        `    ${overheadFigures[figure].label.padEnd(42)}${withFigureUnit(figure, off).padStart(12)}${withFigureUnit(figure, on).padStart(12)}${differenceText(difference).padStart(14)}   ${intervalText(difference)}${shown(difference) === "no difference shown" ? "  (none shown)" : ""}`,
      );
    }
  }
  if (rekey.length > 0) {
    lines.push("", "  A leave is answered by a fresh secret (distributor, each member, bytes sent)");
    for (const { listeners, distributorMs, memberMicroseconds, bytes } of rekey) {
      lines.push(
        `    ${String(listeners).padStart(6)} listeners ${significant(distributorMs).padStart(8)} ms ${significant(memberMicroseconds).padStart(8)} µs ${significant(bytes / 1000).padStart(8)} kB`,
      );
    }
  }
  const doubts = overheadDoubts(overhead);
  if (!isOverheadValid(overhead)) {
    lines.push(
      "",
      doubts.length > 0
        ? "  INVALID: some blocks measured the harness"
        : "  INVALID: too few rounds to compare",
    );
    lines.push(...doubts.slice(0, mostDoubts).map((doubt) => `    ${plain(doubt)}`));
    if (doubts.length > mostDoubts) lines.push(`    and ${doubts.length - mostDoubts} more`);
  }
  if (directory !== undefined) lines.push("", `  report  ${plain(directory)}/report.html`);
  return lines.join("\n");
}
