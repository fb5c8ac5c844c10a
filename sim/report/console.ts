/** What stands in the terminal: a verdict short enough to paste (25 lines of 100 columns), and a line of progress. */
import type { Progress } from "../protocol/fleet.ts";
import type { Distribution, Outcome, Result } from "../protocol/result.ts";
import { grouped, percentOf, plural } from "../verdict/numbers.ts";
import {
  browsersText,
  bytes,
  dash,
  failedFirst,
  interruptionsText,
  k6Value,
  outcomeSentence,
  participantsText,
  plain,
  ratio,
  span,
  startText,
  time,
} from "./_text.ts";

export type ConsoleOptions = {
  /** ANSI colours. Default false; who calls looks at NO_COLOR and whether it is a terminal. */
  color?: boolean;
  /** Where the run's files are, for the last line; none, no line. */
  directory?: string;
};

const columns = 100;
const mostReasonLines = 8;
const mostThresholds = 6;

type Paint = (code: number, text: string) => string;
const outcomeColors: Record<Outcome, number> = { PASS: 32, FAIL: 31, INVALID: 33 };

/** The verdict block, without a newline at its end. */
export function formatConsole(result: Result, { color = false, directory }: ConsoleOptions = {}): string {
  const paint: Paint = color ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text;
  return [
    ...heading(result, paint),
    "",
    ...table(result),
    ...thresholdLines(result, paint),
    ...(directory === undefined ? [] : ["", paint(2, `  report  ${plain(directory)}/report.html`)]),
  ].join("\n");
}

function heading(result: Result, paint: Paint): string[] {
  const { outcome, reasons } = result.verdict;
  const about = [
    `${result.scenario}/${result.profile}`,
    startText(result.startedAt),
    span(result.durationSeconds),
    `seed ${result.seed}`,
  ];
  const bullet = paint(outcomeColors[outcome], "•");
  return [
    `${paint(outcomeColors[outcome], paint(1, outcome))}  ${cut(about.map(plain).join("  "), columns - 9)}`,
    ...(reasons.length === 0 ? [`  ${outcomeSentence(result)}`] : []),
    ...reasonLines(
      reasons.map(({ message }) => plain(message)),
      mostReasonLines -
        [interruptionsText(result), browsersText(result)].filter((line) => line !== null).length,
    ).map((line) => `  ${line.replace("•", bullet)}`),
  ];
}

/** As many reasons as fit, each whole, the first one in any case. */
function reasonLines(reasons: readonly string[], most: number): string[] {
  const lines: string[] = [];
  for (const [i, reason] of reasons.entries()) {
    const wrapped = wrap(reason, columns - 4).map((line, first) => `${first === 0 ? "•" : " "} ${line}`);
    const isLast = i === reasons.length - 1;
    if (i === 0) lines.push(...wrapped.slice(0, most - 1));
    else if (lines.length + wrapped.length <= most - (isLast ? 0 : 1)) lines.push(...wrapped);
    else return [...lines, `• and ${plural(reasons.length - i, "more reason")}, in the report`];
  }
  return lines;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").map((whole) => cut(whole, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function table(result: Result): string[] {
  const interruptions = interruptionsText(result);
  const rows: [label: string, text: string][] = [
    ["participants", participantsText(result)],
    ...(result.signalling === null
      ? mediaRows(result)
      : ([
          ["join", quantiles(result.signalling.joinSeconds)],
          ["answers", quantiles(result.signalling.answerSeconds)],
        ] satisfies [string, string][])),
    ...(interruptions === null ? [] : ([["interruptions", interruptions]] satisfies [string, string][])),
    ["harness", harnessText(result)],
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(14)}${cut(plain(text), columns - 16)}`);
}

function mediaRows(result: Result): [label: string, text: string][] {
  const { packets } = result;
  const browsers = browsersText(result);
  return [
    [
      "packets",
      `${grouped(packets.expected)} expected   ${grouped(packets.received)} received   ` +
        `${lostText(result)} lost   ${ratio(result.lateRatio)} late`,
    ],
    ["mouth to ear", quantiles(result.mouthToEarSeconds)],
    ...(browsers === null ? [] : ([["browsers", browsers]] satisfies [string, string][])),
    ["join", quantiles(result.joinSeconds)],
    ["encryption", encryptionText(result.e2ee)],
  ];
}

function harnessText({ harness, signalling }: Result): string {
  const { limits } = harness;
  const own =
    signalling === null
      ? `late sends p99 ${time(harness.lateSendSeconds.p99)}   event loop p99 ${time(harness.eventLoopDelaySeconds.p99)}`
      : `late starts p99 ${time(limits.find(({ id }) => id === "late-start-p99")?.measured ?? null)}`;
  return (
    `${own}   CPU ${ratio(harness.cpu.machineBusyRatio)}   ` +
    `limits ${limits.filter(({ ok }) => ok).length}/${limits.length} kept`
  );
}

function encryptionText({
  enabled,
  suite,
  encryptedFrames,
  encryptSeconds,
  decryptSeconds,
  overheadBytesPerFrame,
}: Result["e2ee"]): string {
  if (!enabled) return "off";
  if (encryptedFrames === 0) return `${suite}   not one frame encrypted`;
  return (
    `${suite}  encrypt p50 ${time(encryptSeconds.p50)}  decrypt p50 ${time(decryptSeconds.p50)}  ` +
    `+ ${bytes(overheadBytesPerFrame)} a frame`
  );
}

function lostText({ packets, lostRatio }: Result): string {
  return lostRatio === null ? dash : percentOf(packets.lost, packets.expected);
}

function quantiles({ n, p50, p95, p99, max }: Distribution): string {
  if (n === 0) return "no samples";
  return `p50 ${time(p50)}   p95 ${time(p95)}   p99 ${time(p99)}   max ${time(max)}   n ${grouped(n)}`;
}

function thresholdLines({ thresholds }: Result, paint: Paint): string[] {
  if (thresholds.length === 0) return [];
  const ordered = failedFirst(thresholds);
  const rest = ordered.length - mostThresholds;
  const shown = rest > 0 ? ordered.slice(0, mostThresholds - 1) : ordered;
  const hidden = ordered.slice(shown.length);
  const hiddenFailed = hidden.filter(({ ok }) => !ok).length;
  const name = (metric: string, expression: string): string => plain(`${metric} ${expression}`);
  const width = Math.min(
    52,
    Math.max(...shown.map(({ metric, expression }) => name(metric, expression).length)),
  );
  return [
    "",
    ...shown.map(({ metric, expression, ok, n, measured, source }) => {
      const mark = ok ? paint(32, "✓") : paint(31, "✗");
      const value = n === 0 ? "no samples" : k6Value(metric, measured);
      return `  ${mark} ${cut(name(metric, expression), width).padEnd(width)}  ${value.padStart(10)}  n ${grouped(n)}${source === "k6" ? "  (k6)" : ""}`;
    }),
    ...(hidden.length > 0
      ? [
          `  and ${grouped(hidden.length)} more${hiddenFailed > 0 ? `, ${grouped(hiddenFailed)} of them failed` : ", all met"}`,
        ]
      : []),
  ];
}

function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** One line without a newline, at most 100 columns: where a run is now. */
export function formatProgress(progress: Progress): string {
  const { plan, expected, lost, failed } = progress;
  const parts = [
    `${String(Math.max(0, Math.floor(progress.elapsedSeconds))).padStart(4)} s`,
    `stage ${grouped(progress.stageJoined)}/${grouped(plan.stage.speakers + 1)}`,
    `listeners ${grouped(progress.audienceJoined)}/${grouped(plan.audience.listeners)}`,
    ...(progress.left > 0 ? [`left ${grouped(progress.left)}`] : []),
    `speaking ${grouped(progress.speaking)}`,
    expected === 0 ? "no packets yet" : `lost ${percentOf(lost, expected)} of ${grouped(expected)}`,
    ...(progress.mouthToEarP95Seconds === null ? [] : [`ear p95 ${time(progress.mouthToEarP95Seconds)}`]),
    ...(failed > 0
      ? [`failed ${grouped(failed)}${progress.failure === null ? "" : ` (${plain(progress.failure)})`}`]
      : []),
  ];
  return cut(parts.join("  "), columns);
}
