import type { Reason } from "../protocol/result.ts";
import type { VerdictFacts } from "./facts.ts";
import type { HarnessLimitId } from "./harness-limits.ts";
import { describeLossInterval } from "./loss-intervals.ts";
import { doubtfulBlackouts } from "./_system-reasons.ts";
import { plural, withUnit } from "./numbers.ts";

/** k6's exit codes (its package errext/exitcodes); 99, a threshold of its own, is ours to judge. */
const k6ExitCodes: ReadonlyMap<number, string> = new Map([
  [97, "the cloud run failed"],
  [100, "setup() took too long"],
  [101, "teardown() took too long"],
  [102, "a time limit passed"],
  [103, "the run could not be stopped in time"],
  [104, "its configuration is bad"],
  [105, "it was stopped by a signal"],
  [106, "its REST API could not start"],
  [107, "the script threw an exception in setup()"],
  [108, "the script aborted the run"],
  [109, "it panicked"],
]);

/** All that keeps the run from being believed. */
export function harnessReasons(facts: VerdictFacts): Reason[] {
  return [
    ...missingHosts(facts),
    ...k6Trouble(facts),
    ...brokenLimits(facts),
    ...ownFailures(facts),
    ...missingFacts(facts),
    ...doubtfulBlackouts(facts).map((interval) => ({
      code: "harness-stalled",
      message: `${stallText(facts.longestStallSeconds)} Nearly nothing was heard for ${describeLossInterval(interval)}; whether by its fault or the system's, one cannot tell.`,
    })),
  ];
}

function stallText(longestStallSeconds: number | null): string {
  return longestStallSeconds === null
    ? "No host process's event loop was watched."
    : `A host process stood still for ${withUnit(longestStallSeconds, "seconds")}.`;
}

/** k6 ended the run on purpose: a threshold with abortOnFail, and exact figures find a threshold failed too. */
function isRightlyAborted({ k6, thresholds }: VerdictFacts): boolean {
  return k6.abortedByThreshold && thresholds.some(({ ok }) => !ok);
}

function missingHosts({ media, hosts, agentDeath }: VerdictFacts): Reason[] {
  if (!media && hosts.expected.length === 0) return [];
  if (agentDeath !== null && hosts.reported.length === 0) {
    return [
      {
        code: "agent-died",
        message: `The fleet agent ${agentDeath}, and what its participants saw is not known.`,
      },
    ];
  }
  if (hosts.expected.length === 0) {
    return [
      {
        code: "agent-report-missing",
        message: "The agent gave no report: nothing is known of the participants.",
      },
    ];
  }
  const missing = hosts.expected.filter((name) => !hosts.reported.includes(name));
  return missing.map((name) => ({
    code: "host-report-missing",
    message: `The host process ${name} gave no report: what its participants saw is not known.`,
  }));
}

function k6Trouble(facts: VerdictFacts): Reason[] {
  const { k6 } = facts;
  const detail = k6.detail.trim() === "" ? "" : `: ${k6.detail.trim()}`;
  if (k6.exitCode === null) {
    return [{ code: "k6-crashed", message: `k6 was killed or did not start${detail}.` }];
  }
  if (k6.exitCode !== 0 && k6.exitCode !== 99) {
    const meaning = k6ExitCodes.get(k6.exitCode) ?? "not a code of a run that went to its end";
    return [{ code: "k6-failed", message: `k6 ended with code ${k6.exitCode}, ${meaning}${detail}.` }];
  }
  if (k6.abortedByThreshold && !isRightlyAborted(facts)) {
    return [
      {
        code: "k6-aborted",
        message:
          "k6 ended the run early on its sample, by abortOnFail, but the exact figures meet every threshold.",
      },
    ];
  }
  if (k6.exception !== null) {
    return [
      {
        code: "script-exception",
        message: `The scenario threw an exception in an iteration: ${k6.exception.trim()}.`,
      },
    ];
  }
  return k6.summary ? [] : [{ code: "k6-summary-missing", message: "k6 left no summary." }];
}

/** What an early end breaks by its nature. */
const brokenByAbort = new Set<string>([
  "digests-lost",
  "iterations-dropped",
  "participants-started",
] satisfies HarnessLimitId[]);

function brokenLimits(facts: VerdictFacts): Reason[] {
  const { limits } = facts;
  const aborted = isRightlyAborted(facts);
  if (limits.length === 0) {
    return [
      {
        code: "harness-unwatched",
        message: "The harness was not measured: no limit was evaluated.",
      },
    ];
  }
  const broken = limits.filter(({ id, ok }) => !ok && !(aborted && brokenByAbort.has(id)));
  return broken.map(({ name, unit, bound, limit, measured, hint }, i) => {
    const found =
      measured === null
        ? "no samples where samples should be"
        : `${withUnit(measured, unit)}, ${bound === "at-most" ? "at most" : "at least"} ${withUnit(limit, unit)} allowed`;
    // What to do is said once, after the last limit that it would mend.
    const said = broken.slice(i + 1).some((later) => later.hint === hint);
    return { code: "harness-limit", message: `${name}: ${found}.${said ? "" : ` ${hint}`}` };
  });
}

/** Sessions that broke by the harness's own doing. */
function ownFailures(facts: VerdictFacts): Reason[] {
  const { failures } = facts;
  const countOf = (cause: "harness" | "cut"): number =>
    failures.reduce((sum, failure) => sum + (failure.cause === cause ? failure.count : 0), 0);
  const harness = countOf("harness");
  const cut = isRightlyAborted(facts) ? 0 : countOf("cut");
  const message = failures.find(({ cause }) => cause === "harness")?.message ?? "";
  return [
    ...(harness > 0
      ? [
          {
            code: "harness-failure",
            message: `${plural(harness, "session")} broke by a fault of the harness: ${message}.`,
          },
        ]
      : []),
    ...(cut > 0
      ? [
          {
            code: "sessions-cut",
            message: `${plural(cut, "session")} went without leaving: the scenario ended before they did. Let sessions leave before the scenario's end.`,
          },
        ]
      : []),
  ];
}

/** Measured health with nothing measured behind it. */
function missingFacts({ thresholds, joined, planned, packets, talkPlanned, hosts }: VerdictFacts): Reason[] {
  const reasons: Reason[] = [];
  if (thresholds.length === 0) {
    reasons.push({
      code: "no-thresholds",
      message: "The scenario sets no thresholds: there is nothing to judge by.",
    });
  }
  // Who gave no report is named as such: what they saw is not known, rather than nothing.
  if (hosts.reported.length < hosts.expected.length) return reasons;
  if (planned.stage + planned.audience === 0 || joined.stage + joined.audience === 0) {
    reasons.push({ code: "no-samples", message: "No participant ever joined." });
  } else if (planned.audience > 0 && talkPlanned && packets.heard === 0) {
    const why = packets.sent === 0 ? "the speakers sent not one packet" : "no listener was there to hear";
    reasons.push({ code: "no-samples", message: `No packet was heard: ${why}.` });
  }
  return reasons;
}
