import type { Random } from "../util/random.ts";
import { pickWeighted, planTurns, toFrames, type Turn } from "./turns.ts";
import { frameMs } from "../util/opus-frame.ts";

/** A stretch of speech of one speaker. Instants count from the start of the plan; all are multiples of 20 ms. */
export type Talkspurt = {
  readonly startMs: number;
  readonly durationMs: number;
  /** `back-channel`: a listener's "mhm" while another has the floor. */
  readonly kind: "turn" | "back-channel";
};

export type ConversationOptions = {
  /**
   * `panel`: turns, pauses, overlaps and back-channels. `monologue`: the host alone, without pause.
   * `everyone`: all at once, without pause: the heaviest load. `silent`: nobody.
   */
  readonly model: "panel" | "monologue" | "everyone" | "silent";
  /** At least 1; speaker 0 is the host, who moderates. */
  readonly speakers: number;
  readonly seconds: number;
  /** How often each takes the floor, by speaker, above 0; by default all alike. The host's is not used for turns. */
  readonly talkativeness?: readonly number[];
  readonly random: Random;
};

/** ITU-T P.59: talkspurts last 1.03 s on average, and 22.5 % of a conversation is silence on both sides. */
const talkspurtMeanMs = 1030;
const silenceShare = 0.225;
/** So that this share of a turn is silent. */
const pauseMeanMs = (talkspurtMeanMs * silenceShare) / (1 - silenceShare);
/** Shorter sounds are no talkspurts: P.59 bridges gaps of up to 200 ms, and an Opus encoder's DTX waits as long. */
const shortestTalkspurtMs = 200;

/** Back-channels: 4 a minute over the whole stage, of 0.4 s (assumed). */
const backChannelMeanGapMs = 15_000;
const backChannelMeanMs = 400;
const backChannelSpreadMs = 100;
/** A back-channel keeps at least this distance from whatever its speaker says else. */
const backChannelDistanceMs = 200;

/**
 * Plans who speaks when: for each speaker talkspurts in order of time, which
 * never overlap each other and end within the plan. The same seed gives the same plan.
 *
 * A panel's turns are log-normal (median 20 s, the moderator's 8 s, sigma 0.9);
 * inside a turn speech goes on and off after ITU-T P.59, whose exponential
 * talkspurts are kept but for those under 200 ms. Throws a RangeError on a
 * stage without speakers or weights that do not fit them.
 */
export function planConversation(options: ConversationOptions): Talkspurt[][] {
  const { model, speakers, seconds, random } = options;
  const talkativeness = options.talkativeness ?? Array.from({ length: speakers }, () => 1);
  if (!Number.isInteger(speakers) || speakers < 1)
    throw new RangeError("planConversation: speakers must be at least 1");
  if (talkativeness.length !== speakers || !talkativeness.every((weight) => weight > 0)) {
    throw new RangeError("planConversation: talkativeness must be one number above 0 a speaker");
  }
  const endMs = Math.floor((seconds * 1000) / frameMs) * frameMs;
  switch (model) {
    case "silent":
      return Array.from({ length: speakers }, () => []);
    case "monologue":
      return Array.from({ length: speakers }, (_, speaker) =>
        speaker === 0 ? monologue(endMs, random) : [],
      );
    case "everyone":
      return Array.from({ length: speakers }, () => monologue(endMs, random));
    case "panel":
      return panel({ speakers, endMs, talkativeness, random });
  }
}

function monologue(endMs: number, random: Random): Talkspurt[] {
  const startMs = toFrames(random.next() * 500);
  return startMs < endMs ? [{ startMs, durationMs: endMs - startMs, kind: "turn" }] : [];
}

type PanelOptions = {
  readonly speakers: number;
  readonly endMs: number;
  readonly talkativeness: readonly number[];
  readonly random: Random;
};

function panel({ speakers, endMs, talkativeness, random }: PanelOptions): Talkspurt[][] {
  const turns = planTurns({ speakers, endMs, talkativeness, random: random.fork("turns") });
  const spurtsRandom = random.fork("talkspurts");
  const plan: Talkspurt[][] = Array.from({ length: speakers }, () => []);
  for (const turn of turns) plan[turn.speaker]?.push(...talkspurtsOf(turn, spurtsRandom));
  for (const { speaker, spurt } of backChannels(turns, {
    speakers,
    endMs,
    talkativeness,
    random: random.fork("back"),
  })) {
    plan[speaker]?.push(spurt);
  }
  for (const spurts of plan) spurts.sort((a, b) => a.startMs - b.startMs);
  return plan;
}

/** A turn begins and ends with speech: the last talkspurt is cut at its end. */
function talkspurtsOf(turn: Turn, random: Random): Talkspurt[] {
  const spurts: Talkspurt[] = [];
  let startMs = turn.startMs;
  while (startMs < turn.endMs) {
    const drawnMs = toFrames(shortestTalkspurtMs + random.exponential(talkspurtMeanMs - shortestTalkspurtMs));
    const pauseMs = Math.max(frameMs, toFrames(random.exponential(pauseMeanMs)));
    // What would not leave room for another talkspurt is spoken on to the end.
    const isLast = startMs + drawnMs + pauseMs + shortestTalkspurtMs > turn.endMs;
    const durationMs = isLast ? turn.endMs - startMs : drawnMs;
    spurts.push({ startMs, durationMs, kind: "turn" });
    startMs += durationMs + pauseMs;
  }
  return spurts;
}

type BackChannel = { readonly speaker: number; readonly spurt: Talkspurt };

/** A Poisson process over the stage; each goes to somebody without the floor, or is dropped where there is nobody. */
function backChannels(turns: readonly Turn[], { endMs, talkativeness, random }: PanelOptions): BackChannel[] {
  const found: BackChannel[] = [];
  const busyUntilMs = talkativeness.map(() => 0);
  let turnIndex = 0;
  for (
    let atMs = random.exponential(backChannelMeanGapMs);
    ;
    atMs += random.exponential(backChannelMeanGapMs)
  ) {
    const startMs = toFrames(atMs);
    const durationMs = toFrames(backChannelMeanMs + (2 * random.next() - 1) * backChannelSpreadMs);
    if (startMs + durationMs > endMs) return found;
    // Turns last a second or more and overlap by less than half: starts and ends ascend, and four cover what is near.
    while (turnIndex < turns.length - 1 && (turns[turnIndex]?.endMs ?? 0) + backChannelDistanceMs < startMs)
      turnIndex++;
    const near = turns.slice(turnIndex, turnIndex + 4);
    const isFree = (speaker: number): boolean =>
      startMs >= (busyUntilMs[speaker] ?? 0) &&
      near.every(
        (turn) =>
          turn.speaker !== speaker ||
          startMs + durationMs + backChannelDistanceMs <= turn.startMs ||
          startMs >= turn.endMs + backChannelDistanceMs,
      );
    const speaker = pickWeighted(talkativeness, isFree, random);
    if (speaker < 0) continue;
    busyUntilMs[speaker] = startMs + durationMs + backChannelDistanceMs;
    found.push({ speaker, spurt: { startMs, durationMs, kind: "back-channel" } });
  }
}
