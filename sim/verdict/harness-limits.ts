/**
 * What the harness may cost its own measurement. Past any of these limits a run is INVALID: it measured the
 * harness. No samples where samples should be breaks a limit too: a dead observer is not a healthy one.
 */
import type { HarnessLimit } from "../protocol/result.ts";

type LimitDefinition = Pick<HarnessLimit, "name" | "unit" | "bound" | "limit" | "hint"> & {
  /** Where the figure comes from. */
  reason: string;
  /** Starvation of the harness, which could make a healthy system look dead. */
  starves: boolean;
};

const spareTheMachine =
  "Use fewer listeners or speakers, more cores, or move other work (the room server too) off this machine.";

/** Every limit, by its id. */
export const harnessLimits = {
  "late-send-p99": {
    name: "late sends p99 (stage)",
    unit: "seconds",
    bound: "at-most",
    limit: 0.02,
    starves: true,
    reason: "One packet time (20 ms): a send later than that goes out after the next one was due.",
    hint: spareTheMachine,
  },
  "late-send-p999": {
    name: "late sends p99.9 (stage)",
    unit: "seconds",
    bound: "at-most",
    limit: 0.08,
    starves: true,
    reason:
      "The jitter buffer's first target (80 ms): later than that a send makes a frame late all by itself.",
    hint: spareTheMachine,
  },
  "event-loop-p99": {
    name: "event loop delay p99",
    unit: "seconds",
    bound: "at-most",
    limit: 0.05,
    starves: true,
    reason:
      "Arrivals are stamped in JavaScript; the tail of the delay must stay a small part of a 400 ms limit.",
    hint: spareTheMachine,
  },
  "machine-cpu": {
    name: "CPU busy, whole machine",
    unit: "ratio",
    bound: "at-most",
    limit: 0.97,
    starves: true,
    reason: "With nothing left idle, who waits for whom is the scheduler's choice, not the system's.",
    hint: spareTheMachine,
  },
  "mouth-to-ear-coverage": {
    name: "mouth to ear, frames observed",
    unit: "ratio",
    bound: "at-least",
    limit: 0.999,
    starves: false,
    reason: "A p99 stands on the worst hundredth: a tenth of that, unobserved, may move it.",
    hint: "Heard frames went unmeasured: see capture times and joins in the log; a shorter or smaller run may tell.",
  },
  "digests-lost": {
    name: "digests lost between agent and k6",
    unit: "count",
    bound: "at-most",
    limit: 0,
    starves: false,
    reason: "A digest is a second of one participant; the agent and k6 must give the same account.",
    hint: "k6 fell behind or was cut: give it CPU, or let sessions leave before the scenario ends.",
  },
  "iterations-dropped": {
    name: "iterations that k6 dropped",
    unit: "count",
    bound: "at-most",
    limit: 0,
    starves: false,
    reason: "A dropped iteration is a participant who never came: the planned load was not offered.",
    hint: "Raise maxVUs (or preAllocatedVUs) of the scenario, or lower its arrival rate.",
  },
  "participants-started": {
    name: "participants started, of those planned",
    unit: "ratio",
    bound: "at-least",
    limit: 0.98,
    starves: false,
    reason: "k6's arrival rates may start a few less at their edges; more missing is another load.",
    hint: "k6 did not start all participants: see its log, maxVUs and the scenario's duration.",
  },
  "late-start-p99": {
    name: "late starts of clients p99 (k6)",
    unit: "seconds",
    bound: "at-most",
    limit: 0.1,
    starves: true,
    reason:
      "Joins count from the instant that they were due: k6's lateness must stay a small part of a second.",
    hint: spareTheMachine,
  },
} as const satisfies Record<string, LimitDefinition>;

export type HarnessLimitId = keyof typeof harnessLimits;

export type HarnessMeasures = {
  /** Over all stage hosts; seconds, null without sends. */
  lateSend: { p99: number | null; p999: number | null };
  /** One entry a host process; seconds, null without samples. */
  eventLoopDelay: readonly { host: string; p99: number | null }[];
  /** 0 to 1; null where it is not known. */
  machineBusyRatio: number | null;
  /** Packets that could have been observed: received and decrypted. */
  heardPackets: number;
  /** 0 to 1; null when it is not known, or when nothing was heard. */
  mouthToEarCoverage: number | null;
  digestsSent: number;
  /** Null without k6's summary. */
  digestsReceived: number | null;
  /** Null without k6's summary. */
  droppedIterations: number | null;
  /** Planned, and of those joined or failed trying; the stage counts its host. */
  stage: { planned: number; started: number };
  audience: { planned: number; started: number };
  /** Real browsers beside them, and of those the ones that said how it went; null: there were to be none. */
  browsers: { planned: number; started: number } | null;
};

/** What there is to measure where k6's VUs are the clients, without media. */
export type ClientMeasures = Pick<HarnessMeasures, "machineBusyRatio" | "droppedIterations" | "audience"> & {
  /** How late k6 started its clients; seconds, null without any. */
  lateStartP99: number | null;
};

/** The limits of a harness that is k6 alone. */
export function evaluateClientLimits(measures: ClientMeasures): HarnessLimit[] {
  return [
    evaluate("machine-cpu", measures.machineBusyRatio),
    evaluate("iterations-dropped", measures.droppedIterations),
    evaluate("participants-started", leastShare([measures.audience])),
    evaluate("late-start-p99", measures.lateStartP99),
  ];
}

/** The limits of agent and hosts, in the table's order, each with what was measured. */
export function evaluateHarnessLimits(measures: HarnessMeasures): HarnessLimit[] {
  const worst = worstHost(measures.eventLoopDelay);
  const measured: Record<Exclude<HarnessLimitId, "late-start-p99">, number | null> = {
    "late-send-p99": measures.lateSend.p99,
    "late-send-p999": measures.lateSend.p999,
    "event-loop-p99": worst.p99,
    "machine-cpu": measures.machineBusyRatio,
    "mouth-to-ear-coverage": measures.mouthToEarCoverage,
    "digests-lost":
      measures.digestsReceived === null ? null : Math.abs(measures.digestsSent - measures.digestsReceived),
    "iterations-dropped": measures.droppedIterations,
    "participants-started": leastShare([
      measures.stage,
      measures.audience,
      ...(measures.browsers === null ? [] : [measures.browsers]),
    ]),
  };
  return hostLimitIds.map((id) => {
    const limit = evaluate(id, measured[id]);
    // What nobody heard, nobody could observe: then it is for the thresholds to say that there was nothing.
    if (id === "mouth-to-ear-coverage" && measures.heardPackets === 0) return { ...limit, ok: true };
    return id === "event-loop-p99" && worst.host !== null
      ? { ...limit, name: `${limit.name} (${worst.host})` }
      : limit;
  });
}

const hostLimitIds = (Object.keys(harnessLimits) as HarnessLimitId[]).filter((id) => id !== "late-start-p99");

function evaluate(id: HarnessLimitId, value: number | null): HarnessLimit {
  const { name, unit, bound, limit, hint } = harnessLimits[id];
  const measured = value !== null && Number.isFinite(value) ? value : null;
  const ok = measured !== null && (bound === "at-most" ? measured <= limit : measured >= limit);
  return { id, name, unit, bound, limit, measured, ok, hint };
}

function leastShare(parts: readonly { planned: number; started: number }[]): number | null {
  const shares = parts.filter(({ planned }) => planned > 0).map(({ planned, started }) => started / planned);
  return shares.length === 0 ? null : Math.min(...shares);
}

/** One silent host makes the whole figure unknown; else the one most held up. */
function worstHost(hosts: HarnessMeasures["eventLoopDelay"]): {
  host: string | null;
  p99: number | null;
} {
  let worst: { host: string | null; p99: number | null } = { host: null, p99: null };
  for (const { host, p99 } of hosts) {
    if (p99 === null) return { host, p99: null };
    if (worst.p99 === null || p99 > worst.p99) worst = { host, p99 };
  }
  return worst;
}

/** Whether a broken limit means that the harness starved, measured, not merely unknown. */
export function isStarved(limits: readonly HarnessLimit[]): boolean {
  return limits.some(
    (limit) => !limit.ok && limit.measured !== null && definitionOf(limit.id)?.starves === true,
  );
}

function definitionOf(id: string): LimitDefinition | undefined {
  return Object.entries(harnessLimits).find(([candidate]) => candidate === id)?.[1];
}
