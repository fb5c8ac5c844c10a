/** summary.md: the verdict and the figures as GitHub-flavoured Markdown, for a pull request or a ticket. */
import type { Distribution, Result } from "../protocol/result.ts";
import { distributionRows } from "./_rows.ts";
import {
  browsersText,
  bytes,
  failedFirst,
  interruptionsText,
  k6Value,
  limitMeasured,
  limitText,
  outcomeSentence,
  participantsText,
  plain,
  ratio,
  span,
  startText,
  thresholdsSummary,
  time,
} from "./_text.ts";
import { describeLossInterval } from "../verdict/loss-intervals.ts";
import { grouped } from "../verdict/numbers.ts";

const marks = { PASS: "✅", FAIL: "❌", INVALID: "⚠️" } as const;

export function formatMarkdown(result: Result): string {
  const { verdict, packets } = result;
  const interruptions = interruptionsText(result);
  const browsers = browsersText(result);
  return [
    `# ${marks[verdict.outcome]} ${verdict.outcome}: ${escape(`${result.scenario}/${result.profile}`)}`,
    "",
    verdict.reasons.length === 0
      ? outcomeSentence(result)
      : verdict.reasons.map(({ message }) => `- ${escape(message)}`).join("\n"),
    "",
    `${escape(startText(result.startedAt))}, ${span(result.durationSeconds)}, seed ${escape(result.seed)}, run ${escape(result.runId)}`,
    "",
    `- **Participants:** ${participantsText(result)}`,
    ...(result.signalling === null
      ? [
          `- **Packets:** ${grouped(packets.expected)} expected, ${grouped(packets.received)} received, ${grouped(packets.lost)} lost (${ratio(result.lostRatio)}), ${grouped(packets.late)} late (${ratio(result.lateRatio)})`,
        ]
      : []),
    ...(browsers === null ? [] : [`- **Real browsers:** ${escape(browsers)}`]),
    ...(interruptions === null ? [] : [`- **Interruptions:** ${escape(interruptions)}`]),
    ...result.lossIntervals.map((interval) => `- **Loss:** ${escape(describeLossInterval(interval))}`),
    ...encryption(result),
    "",
    ...table(
      ["Figure", "p50", "p95", "p99", "p99.9", "max", "n", "observed"],
      distributionRows(result).map(([label, distribution]) => [label, ...quantiles(distribution)]),
    ),
    `## Thresholds: ${thresholdsSummary(result.thresholds)}`,
    "",
    ...table(
      ["", "Threshold", "Measured", "n", "By", "k6's sample"],
      failedFirst(result.thresholds).map(({ ok, metric, expression, measured, n, source, k6Measured }) => [
        ok ? "✓" : "✗",
        `${metric} ${expression}`,
        n === 0 ? "no samples" : k6Value(metric, measured),
        grouped(n),
        source,
        k6Value(metric, k6Measured),
      ]),
    ),
    "## Harness",
    "",
    ...table(
      ["", "Limit", "Allowed", "Measured"],
      result.harness.limits.map((limit) => [
        limit.ok ? "✓" : "✗",
        limit.name,
        limitText(limit),
        limitMeasured(limit),
      ]),
    ),
  ].join("\n");
}

function encryption({ e2ee, signalling }: Result): string[] {
  if (signalling !== null) return [];
  if (!e2ee.enabled) return ["- **Encryption:** off"];
  return [
    `- **Encryption:** ${escape(e2ee.suite)}, encrypt p50 ${time(e2ee.encryptSeconds.p50)}, decrypt p50 ${time(e2ee.decryptSeconds.p50)}, ${bytes(e2ee.overheadBytesPerFrame)} a frame, ${grouped(e2ee.rekeys)} rekeys`,
  ];
}

function quantiles({ p50, p95, p99, p999, max, n, coverage }: Distribution): string[] {
  return [time(p50), time(p95), time(p99), time(p999), time(max), grouped(n), ratio(coverage)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ["None.", ""];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(row.map(escape))), ""];
}

/** No text of ours or of others becomes markup, a link or a mention. */
function escape(text: string): string {
  return plain(text)
    .replace(/[\\`*_{}[\]()#+!|~-]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "&#64;")
    .replaceAll("://", "&#58;//");
}
