/**
 * The verdict, in this order:
 *
 * 1. a process of the system died, or its address does not answer, before our own eyes: FAIL whatever else;
 * 2. interrupted: INVALID;
 * 3. the system unreachable or silent, as participants saw it, under a harness that neither starved nor was blind: FAIL;
 * 4. the harness past a limit, incomplete or broken: INVALID;
 * 5. a threshold not met, a listener who heard nothing, or sessions that broke where no threshold allows it: FAIL;
 * 6. PASS.
 *
 * k6's exit code counts in step 4 only: what participants saw is counted at the agents, so a system found silent
 * stays so when k6 then ends oddly; and a starved harness whose listeners fail to connect never gets past step 4.
 */
import type { Outcome, Reason } from "../protocol/result.ts";
import type { VerdictFacts } from "./facts.ts";
import { isStarved } from "./harness-limits.ts";
import { harnessReasons } from "./_harness-reasons.ts";
import {
  deafReasons,
  lossReasons,
  observedDeath,
  silenceReasons,
  strangerReasons,
} from "./_system-reasons.ts";
import { browserReasons, sessionReasons, thresholdReasons } from "./_threshold-reasons.ts";

export type Verdict = { outcome: Outcome; reasons: Reason[] };

/** Pure and total: any facts get a verdict, and nothing but complete, healthy, fully met facts get PASS. */
export function decideVerdict(facts: VerdictFacts): Verdict {
  const death = observedDeath(facts);
  const interrupted: Reason[] = facts.interrupted
    ? [
        {
          code: "interrupted",
          message: "The run was interrupted; what was measured until then is kept.",
        },
      ]
    : [];
  if (death.length > 0)
    return fail([...death, ...interrupted, ...measuredFailures(facts), ...lossReasons(facts)]);

  // Found is found, however the harness fared.
  const strangers = strangerReasons(facts);
  if (strangers.length > 0) {
    return fail([...strangers, ...interrupted, ...measuredFailures(facts), ...lossReasons(facts)]);
  }

  const silence = silenceReasons(facts);
  if (interrupted.length > 0) return invalid([...interrupted, ...silence]);

  const harness = harnessReasons(facts);
  if (silence.length > 0 && isTrustworthy(facts))
    return fail([...silence, ...measuredFailures(facts), ...lossReasons(facts)]);
  if (harness.length > 0) return invalid([...harness, ...silence]);
  // Silence that the harness cannot vouch for, without a harness reason to name: never a PASS.
  if (silence.length > 0) return invalid(silence);

  const failed = [
    ...deafReasons(facts),
    ...browserReasons(facts),
    ...thresholdReasons(facts),
    ...sessionReasons(facts),
  ];
  return failed.length > 0 ? fail([...failed, ...lossReasons(facts)]) : { outcome: "PASS", reasons: [] };
}

/** Beside a dead or silent system, thresholds without samples only say the same again. */
function measuredFailures(facts: VerdictFacts): Reason[] {
  const thresholds = facts.thresholds.filter(({ n, measured }) => n > 0 && measured !== null);
  return thresholdReasons({ ...facts, thresholds });
}

/** Whether the hosts, or k6 in their place, were there, were watched, and had the machine to do their work. */
function isTrustworthy({ media, hosts, limits, longestStallSeconds, failures }: VerdictFacts): boolean {
  const watched = (id: string): boolean => limits.some((limit) => limit.id === id && limit.measured !== null);
  return (
    (media
      ? hosts.expected.length > 0 &&
        hosts.expected.every((name) => hosts.reported.includes(name)) &&
        longestStallSeconds !== null &&
        watched("event-loop-p99")
      : watched("late-start-p99")) &&
    watched("machine-cpu") &&
    !isStarved(limits) &&
    !failures.some(({ cause, count }) => cause === "harness" && count > 0)
  );
}

const fail = (reasons: Reason[]): Verdict => ({ outcome: "FAIL", reasons });
const invalid = (reasons: Reason[]): Verdict => ({ outcome: "INVALID", reasons });
