import type { FailureCause } from "../protocol/fleet.ts";
import type { Reason } from "../protocol/result.ts";
import type { VerdictFacts } from "./facts.ts";
import { describeLossInterval, findLossIntervals } from "./loss-intervals.ts";
import type { LossInterval } from "./loss-intervals.ts";
import { grouped, plural } from "./numbers.ts";

/** What the harness saw of the system itself. */
export function observedDeath({ systemFailure }: VerdictFacts): Reason[] {
  switch (systemFailure?.kind) {
    case undefined:
      return [];
    case "exited": {
      const when = systemFailure.atSecond === null ? "" : ` in second ${Math.floor(systemFailure.atSecond)}`;
      return [
        {
          code: "server-died",
          message: `The ${systemFailure.what} died${when}: ${systemFailure.how}.`,
        },
      ];
    }
    case "unreachable":
      return [
        {
          code: "server-unreachable",
          message: `The room server does not answer at ${systemFailure.address}: ${systemFailure.detail}.`,
        },
      ];
  }
}

/** What participants saw of a system that is unreachable, mute, or went mute on the way. */
export function silenceReasons(facts: VerdictFacts): Reason[] {
  const { joined, planned, packets, talkPlanned } = facts;
  // What broke by our own doing is no evidence against the system.
  const attempts = facts.failures.reduce(
    (sum, { cause, count }) => (cause === "harness" || cause === "cut" ? sum : sum + count),
    0,
  );
  if (joined.stage + joined.audience === 0) {
    return attempts === 0
      ? []
      : [
          {
            code: "no-participant-connected",
            message: `No participant connected: ${whatFailed(facts)}.`,
          },
          ...(facts.media && planned.audience > 0
            ? [{ code: "no-listener-heard", message: "No listener heard anything." }]
            : []),
        ];
  }
  if (planned.audience === 0 || !talkPlanned) return [];
  const heardNothing = (why: string): Reason[] => [
    { code: "no-listener-heard", message: `No listener heard anything: ${why}.` },
  ];
  if (joined.audience === 0 && attempts > 0) return heardNothing(`none connected; ${whatFailed(facts)}`);
  if (joined.stage === 0 && planned.stage > 0 && attempts > 0) {
    return heardNothing(`no speaker connected; ${whatFailed(facts)}`);
  }
  if (joined.audience > 0 && packets.sent > 0 && packets.heard === 0) {
    const connected = `${plural(joined.audience, "listener")} connected`;
    if (packets.received > 0) {
      return heardNothing(
        `${connected}, and of ${plural(packets.received, "received packet")} not one could be decrypted`,
      );
    }
    return heardNothing(
      packets.expected === 0
        ? `${connected}, but the room server opened no stream to any of them`
        : `${connected}, and of ${plural(packets.expected, "expected packet")} not one arrived`,
    );
  }
  return blackouts(facts).map((interval) => ({
    code: "blackout",
    message: `Nearly nothing was heard for ${describeLossInterval(interval)}.`,
  }));
}

/** Whoever the server named to the distributor, and the run did not seat, can decrypt. */
export function strangerReasons({ strangers }: VerdictFacts): Reason[] {
  if (strangers.length === 0) return [];
  const names = strangers.slice(0, 3).join(", ");
  const more = strangers.length > 3 ? ` and ${strangers.length - 3} more` : "";
  return [
    {
      code: "stranger-keyed",
      message: `The room's keys were dealt to somebody whom this run did not seat: ${names}${more}. They can hear.`,
    },
  ];
}

/** Those whom nothing reached while others heard: in figures over all listeners they may drown. */
export function deafReasons({ deaf: { count, names }, joined }: VerdictFacts): Reason[] {
  if (count === 0) return [];
  const named = names.slice(0, 3);
  const who = `${named.join(", ")}${named.length < count ? " and others" : ""}`;
  return [
    {
      code: "listener-heard-nothing",
      message: `${grouped(count)} of ${plural(joined.audience, "listener")} heard not one frame: ${who}.`,
    },
  ];
}

/** A stretch of two seconds or more in which nine tenths was lost, and longer than any stall of our own. */
export function blackouts({ seconds, longestStallSeconds }: VerdictFacts): LossInterval[] {
  return longLosses(seconds).filter(
    (interval) => interval.toSecond - interval.fromSecond > (longestStallSeconds ?? Infinity),
  );
}

/** Blackouts that a stall of the harness may have made. */
export function doubtfulBlackouts({ seconds, longestStallSeconds }: VerdictFacts): LossInterval[] {
  return longLosses(seconds).filter(
    (interval) => interval.toSecond - interval.fromSecond <= (longestStallSeconds ?? Infinity),
  );
}

function longLosses(seconds: VerdictFacts["seconds"]): LossInterval[] {
  return findLossIntervals(seconds, { share: 0.9 }).filter(
    (interval) => interval.toSecond - interval.fromSecond >= 2,
  );
}

const mostIntervals = 3;

/** When it was lost, to stand beside what failed; blackouts stand there by themselves. */
export function lossReasons(facts: VerdictFacts): Reason[] {
  const named = new Set(blackouts(facts).map(({ fromSecond }) => fromSecond));
  const intervals = findLossIntervals(facts.seconds).filter(({ fromSecond }) => !named.has(fromSecond));
  const rest = intervals.length - mostIntervals;
  return [
    ...intervals.slice(0, mostIntervals).map((interval) => ({
      code: "loss-interval",
      message: `Packets were lost for ${describeLossInterval(interval)}.`,
    })),
    ...(rest > 0
      ? [
          {
            code: "loss-interval",
            message: `And in ${plural(rest, "more stretch", "more stretches")}.`,
          },
        ]
      : []),
  ];
}

const causes: Readonly<Record<FailureCause, string>> = {
  refused: "refused by the room server",
  unreachable: "could not reach the signalling",
  ice: "did not complete ICE",
  dtls: "did not complete DTLS",
  disconnected: "disconnected after joining",
  removed: "removed by the room server",
  protocol: "got what does not fit the protocol",
  cut: "cut by k6",
  harness: "failed by a fault of the harness",
};

/** `180 did not complete ICE (no answer to 12 checks), 20 did not complete DTLS`: commonest first. */
export function whatFailed({ failures }: Pick<VerdictFacts, "failures">): string {
  const byCause = new Map<FailureCause, { count: number; message: string; most: number }>();
  for (const { cause, message, count } of failures) {
    const entry = byCause.get(cause) ?? { count: 0, message: "", most: 0 };
    entry.count += count;
    if (count > entry.most) Object.assign(entry, { message, most: count });
    byCause.set(cause, entry);
  }
  return [...byCause]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([cause, { count, message }]) => {
      const detail = message.trim() === "" ? "" : ` (${message.trim()})`;
      return `${grouped(count)} ${causes[cause]}${detail}`;
    })
    .join(", ");
}
