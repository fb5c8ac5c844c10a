/** A room of a minute and a quarter, drawn at random: its seconds, its delays, its worst listeners. */
import type { figures } from "../protocol/figures.ts";
import type { Result, TimelineSecond } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import type { Random } from "../util/random.ts";

export const sampleKinds = ["pass", "blackout", "overloaded", "nobody"] as const;
/**
 * `pass`: a good minute. `blackout`: the network goes for eight seconds. `overloaded`: the harness gets no CPU.
 * `nobody`: no participant completes ICE.
 */
export type SampleKind = (typeof sampleKinds)[number];

export const durationSeconds = 75;
export const listeners = 200;
export const speakers = 4;

const measuredFigures = [
  "mouth_to_ear",
  "path_delay",
  "playout_delay",
  "join",
  "first_sound",
  "sframe_encrypt",
  "sframe_decrypt",
  "key_gap",
  "late_send",
  "event_loop_delay",
] as const satisfies (keyof typeof figures)[];
type Histograms = Record<(typeof measuredFigures)[number], Histogram>;

export function simulateRoom(
  kind: SampleKind,
  random: Random,
): { timeline: TimelineSecond[]; histograms: Histograms } {
  const histograms: Histograms = {
    mouth_to_ear: new Histogram(),
    path_delay: new Histogram(),
    playout_delay: new Histogram(),
    join: new Histogram(),
    first_sound: new Histogram(),
    sframe_encrypt: new Histogram(),
    sframe_decrypt: new Histogram(),
    key_gap: new Histogram(),
    late_send: new Histogram(),
    event_loop_delay: new Histogram(),
  };
  const overloaded = kind === "overloaded";
  for (let i = 0; i < 3000; i++) {
    histograms.event_loop_delay.observe(random.exponential(overloaded ? 0.02 : 0.001));
    if (kind === "nobody") continue;
    histograms.late_send.observe(random.exponential(overloaded ? 0.018 : 0.000_3));
    histograms.sframe_encrypt.observe(random.logNormal(Math.log(2.4e-6), 0.2));
    histograms.sframe_decrypt.observe(random.logNormal(Math.log(2.1e-6), 0.2));
    histograms.key_gap.observe(i % 1000 === 0 ? 0.04 : 0);
  }
  const timeline: TimelineSecond[] = [];
  let inRoom = 0;
  for (let second = 0; second < durationSeconds; second++) {
    const arriving = kind === "nobody" ? 0 : Math.min(speakers + listeners - inRoom, second < 2 ? 2 : 9);
    const coming = second < 60 ? arriving : 0;
    const left = second >= 66 ? Math.min(inRoom, 24) : 0;
    inRoom += coming - left;
    for (let i = 0; i < coming; i++) {
      histograms.join.observe(random.logNormal(Math.log(0.06), 0.35));
      histograms.first_sound.observe(random.logNormal(Math.log(0.3), 0.8));
    }
    const dark = kind === "blackout" && second >= 31 && second < 39;
    const sent = kind === "nobody" ? 0 : Math.round(50 * (0.7 + 0.5 * random.next()));
    const expected = sent * Math.max(0, inRoom - speakers);
    const lost = dark
      ? Math.round(expected * (0.95 + 0.04 * random.next()))
      : Math.round(expected * 0.000_02);
    const heard = new Histogram();
    const observations = Math.min(400, expected - lost);
    for (let i = 0; i < observations; i++) {
      const path = random.logNormal(Math.log(overloaded ? 0.012 : 0.001), overloaded ? 1 : 0.5);
      const playout = 0.062 + 0.018 * random.next() + (random.next() < 0.02 ? random.exponential(0.05) : 0);
      const delay = 0.0265 + path + playout + (dark ? 0.3 * random.next() : 0);
      histograms.path_delay.observe(path);
      histograms.playout_delay.observe(playout);
      histograms.mouth_to_ear.observe(delay);
      heard.observe(delay);
    }
    timeline.push({
      second,
      inRoom,
      joined: coming,
      left,
      failed: kind === "nobody" && second >= 15 && second < 32 ? 12 : 0,
      sent,
      expected,
      received: expected - lost,
      lost,
      late: Math.round((expected - lost) * (overloaded ? 0.03 : 0.001) * random.next()),
      mouthToEarP50: heard.quantile(0.5),
      mouthToEarP95: heard.quantile(0.95),
      mouthToEarP99: heard.quantile(0.99),
    });
  }
  return { timeline, histograms };
}

export function worstListeners(kind: SampleKind, random: Random): Result["worstListeners"] {
  const names = [
    "Amina Okafor",
    "Jürgen Straße",
    "María-José Núñez",
    "Nguyễn Thị Hương",
    "O'Brien & Søn",
    "李小龍",
  ];
  return names.map((name, place) => ({
    index: random.integer(listeners),
    name,
    expected: 3400 + random.integer(200),
    lost: kind === "blackout" ? 460 - place * 9 : Math.max(0, 3 - place),
    late: 14 - place,
    refused: 0,
    deaf: false,
    mouthToEarP99Seconds: 0.31 - 0.02 * place,
    failure: null,
  }));
}
