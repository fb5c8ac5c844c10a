import type { Random } from "../util/random.ts";
import { frameMs } from "../util/opus-frame.ts";

/** Somebody has the floor. Instants count from the start of the plan. */
export type Turn = { readonly speaker: number; readonly startMs: number; readonly endMs: number };

/** Turns are log-normal, the moderator's shorter (assumed). */
const panellistMedianMs = 20_000;
const moderatorMedianMs = 8_000;
const turnSigma = 0.9;
const shortestTurnMs = 1_000;

/** Speaker changes that overlap (Heldner and Edlund 2010: about 40 %), and for how long on average (assumed). */
const overlapShare = 0.4;
const overlapMeanMs = 300;
/** No more of either turn may overlap, so that nobody can meet their own last turn. */
const overlapLimit = 0.4;
/** The other changes leave a gap whose mode is 200 ms (Heldner and Edlund 2010): log-normal, exp(mu - sigma^2). */
const gapModeMs = 200;
const gapSigma = 0.6;
const gapMu = Math.log(gapModeMs) + gapSigma ** 2;

/** How often the moderator comes in between two panellists. */
const moderatorShare = 0.5;
const openingWithinMs = 500;

export type TurnOptions = {
  readonly speakers: number;
  readonly endMs: number;
  /** How often each takes the floor, by speaker. */
  readonly talkativeness: readonly number[];
  readonly random: Random;
};

/** Rounds to whole frames. */
export function toFrames(ms: number): number {
  return Math.round(ms / frameMs) * frameMs;
}

/**
 * Who has the floor when, until the plan's end; speaker 0 moderates and opens
 * within half a second. Nobody follows themselves unless they are alone.
 */
export function planTurns({ speakers, endMs, talkativeness, random }: TurnOptions): Turn[] {
  const turns: Turn[] = [];
  let speaker = 0;
  let startMs = toFrames(random.next() * openingWithinMs);
  let durationMs = turnDurationMs(speaker, random);
  while (startMs < endMs) {
    turns.push({ speaker, startMs, endMs: Math.min(endMs, startMs + durationMs) });
    speaker = nextSpeaker(speaker, { speakers, talkativeness, random });
    const nextDurationMs = turnDurationMs(speaker, random);
    const overlaps = speakers > 1 && random.next() < overlapShare;
    const shiftMs = overlaps
      ? -Math.max(
          frameMs,
          Math.min(random.exponential(overlapMeanMs), overlapLimit * Math.min(durationMs, nextDurationMs)),
        )
      : Math.max(frameMs, random.logNormal(gapMu, gapSigma));
    startMs = toFrames(startMs + durationMs + shiftMs);
    durationMs = nextDurationMs;
  }
  return turns;
}

function turnDurationMs(speaker: number, random: Random): number {
  const medianMs = speaker === 0 ? moderatorMedianMs : panellistMedianMs;
  return toFrames(Math.max(shortestTurnMs, random.logNormal(Math.log(medianMs), turnSigma)));
}

function nextSpeaker(
  speaker: number,
  { speakers, talkativeness, random }: Pick<TurnOptions, "speakers" | "talkativeness" | "random">,
): number {
  if (speakers === 1) return 0;
  const moderated = speaker !== 0 && (speakers === 2 || random.next() < moderatorShare);
  return moderated ? 0 : pickWeighted(talkativeness, (other) => other !== 0 && other !== speaker, random);
}

/** One of those allowed, as likely as their weight says; -1 when nobody is allowed. */
export function pickWeighted(
  weights: readonly number[],
  allowed: (index: number) => boolean,
  random: Random,
): number {
  const total = weights.reduce((sum, weight, index) => (allowed(index) ? sum + weight : sum), 0);
  let rest = random.next() * total;
  let last = -1;
  for (const [index, weight] of weights.entries()) {
    if (!allowed(index)) continue;
    last = index;
    rest -= weight;
    if (rest < 0) return index;
  }
  return last;
}
