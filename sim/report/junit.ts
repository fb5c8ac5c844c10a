/** junit.xml: a test case for the verdict, each threshold and each limit of the harness. INVALID is an error, FAIL a failure. */
import type { Result } from "../protocol/result.ts";
import { grouped } from "../verdict/numbers.ts";
import { k6Value, limitMeasured, limitText, plain } from "./_text.ts";

type TestCase = {
  group: "verdict" | "threshold" | "harness";
  name: string;
  problem: { kind: "failure" | "error"; type: string; message: string } | null;
};

/** One suite; parses as the JUnit format that GitLab, Jenkins and GitHub's actions read. */
export function formatJunit(result: Result): string {
  const cases = testCases(result);
  const failures = cases.filter(({ problem }) => problem?.kind === "failure").length;
  const errors = cases.filter(({ problem }) => problem?.kind === "error").length;
  const suite = `soundcheck ${result.scenario}/${result.profile}`;
  const at = new Date(result.startedAt);
  const timestamp = Number.isFinite(at.getTime()) ? ` timestamp="${at.toISOString().slice(0, 19)}"` : "";
  const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" time="${seconds(result.durationSeconds)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="soundcheck" ${counts}>`,
    `  <testsuite name="${xml(suite)}" skipped="0" ${counts}${timestamp}>`,
    "    <properties>",
    ...properties(result).map(([name, value]) => `      <property name="${name}" value="${xml(value)}"/>`),
    "    </properties>",
    ...cases.map((testCase) => caseElement(testCase, result)),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCases({ verdict, thresholds, harness }: Result): TestCase[] {
  return [
    {
      group: "verdict",
      name: "verdict",
      problem:
        verdict.outcome === "PASS"
          ? null
          : {
              kind: verdict.outcome === "INVALID" ? "error" : "failure",
              type: verdict.reasons[0]?.code ?? verdict.outcome.toLowerCase(),
              message: [verdict.outcome, ...verdict.reasons.map(({ message }) => message)].join("; "),
            },
    },
    ...thresholds.map(({ metric, expression, ok, n, measured }): TestCase => ({
      group: "threshold",
      name: `${metric} ${expression}`,
      problem: ok
        ? null
        : {
            kind: "failure",
            type: "threshold",
            message: n === 0 ? "no samples" : `measured ${k6Value(metric, measured)}, n = ${grouped(n)}`,
          },
    })),
    ...harness.limits.map((limit): TestCase => ({
      group: "harness",
      name: `${limit.name} ${limitText(limit)}`,
      problem: limit.ok
        ? null
        : { kind: "error", type: limit.id, message: `${limitMeasured(limit)}. ${limit.hint}` },
    })),
  ];
}

function properties({ runId, seed, environment }: Result): [string, string][] {
  return [
    ["run", runId],
    ["seed", seed],
    ["soundcheck", environment.soundcheck],
    ["command", environment.command],
  ];
}

function caseElement({ group, name, problem }: TestCase, result: Result): string {
  const time = group === "verdict" ? seconds(result.durationSeconds) : "0";
  const open = `    <testcase classname="soundcheck.${group}" name="${xml(name)}" time="${time}"`;
  if (problem === null) return `${open}/>`;
  const { kind, type, message } = problem;
  return `${open}>\n      <${kind} type="${xml(type)}" message="${xml(message)}"/>\n    </testcase>`;
}

function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : "0";
}

function xml(text: string): string {
  return plain(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");
}
