import type { MediaStats } from "./stats.ts";

/** The connection over the last interval; a null is not known. */
export type Quality = {
  readonly rating: "good" | "fair" | "poor" | "unknown";
  /** To the server and back. */
  readonly roundTripMs: number | null;
  /** Of the packets that were to arrive, in per cent. */
  readonly lossPercent: number | null;
  readonly jitterMs: number | null;
  /** How long sound waits before it is played. */
  readonly playoutDelayMs: number | null;
  /** Of what was played, in per cent: made up, since it did not arrive in time. */
  readonly concealedPercent: number | null;
};

/**
 * Past one of these it is fair, past one of those below poor. Choices of ours: where a conversation begins to
 * suffer (round trip: ITU-T G.114, 150 ms one way with codec and playout), and where loss and concealment are heard.
 */
const fair = { lossPercent: 1, roundTripMs: 200, concealedPercent: 2, jitterMs: 30, playoutDelayMs: 200 };
const poor = { lossPercent: 5, roundTripMs: 400, concealedPercent: 8, jitterMs: 80, playoutDelayMs: 500 };

/** What happened between two takings of the statistics. */
export function qualityBetween(before: MediaStats, after: MediaStats): Quality {
  const received = after.receiving.packetsReceived - before.receiving.packetsReceived;
  const lost = Math.max(0, after.receiving.packetsLost - before.receiving.packetsLost);
  const emitted = after.receiving.jitterBufferEmittedCount - before.receiving.jitterBufferEmittedCount;
  const delaySeconds = after.receiving.jitterBufferDelaySeconds - before.receiving.jitterBufferDelaySeconds;
  const samples = after.receiving.totalSamplesReceived - before.receiving.totalSamplesReceived;
  const concealed = after.receiving.audibleConcealedSamples - before.receiving.audibleConcealedSamples;
  const values = {
    roundTripMs: after.roundTripMs,
    lossPercent: received + lost > 0 ? (100 * lost) / (received + lost) : null,
    jitterMs: received > 0 ? after.receiving.jitterMs : null,
    playoutDelayMs: emitted > 0 ? (1000 * delaySeconds) / emitted : null,
    concealedPercent: samples > 0 && received > 0 ? (100 * Math.max(0, concealed)) / samples : null,
  };
  return { ...values, rating: rate(values) };
}

function rate(values: Omit<Quality, "rating">): Quality["rating"] {
  const past = (limits: typeof fair): boolean =>
    (values.lossPercent ?? 0) > limits.lossPercent ||
    (values.roundTripMs ?? 0) > limits.roundTripMs ||
    (values.concealedPercent ?? 0) > limits.concealedPercent ||
    (values.jitterMs ?? 0) > limits.jitterMs ||
    (values.playoutDelayMs ?? 0) > limits.playoutDelayMs;
  if (values.roundTripMs === null && values.lossPercent === null) return "unknown";
  if (past(poor)) return "poor";
  return past(fair) ? "fair" : "good";
}
