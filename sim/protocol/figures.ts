/**
 * The registry of figures: whatever Soundcheck measures stands here once, and
 * its names everywhere else derive from this entry:
 *
 *   id `mouth_to_ear`, a distribution in seconds, is
 *   - the k6 metric         `mouth_to_ear_ms`               (k6 counts time in milliseconds)
 *   - the key in result.json `mouthToEarSeconds`
 *   - the Prometheus metric `soundcheck_mouth_to_ear_seconds`
 *   - the word in `--slo` and `--until`  `mouth_to_ear`
 */

import { browserFigures } from "./browser-figures.ts";
import {
  costBounds,
  delayBounds,
  joinBounds,
  shortBounds,
  type FigureDefinition,
} from "./figure-definition.ts";

export const figures = {
  mouth_to_ear: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Mouth to ear",
    description:
      "From the intended capture of a frame's first sample to its playout at a listener: frame, look-ahead, path and jitter buffer.",
    bounds: delayBounds,
  },
  path_delay: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Path",
    description: "From the instant that a packet was due on the wire to its arrival at a listener.",
    bounds: shortBounds,
  },
  playout_delay: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Jitter buffer",
    description: "How long the modelled jitter buffer holds a frame before playing it.",
    bounds: delayBounds,
  },
  join: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Join",
    description: "From opening the signalling connection to media connected (ICE and DTLS done).",
    bounds: joinBounds,
  },
  first_sound: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "First sound",
    description:
      "From media connected to the first frame that a listener could play, silence of the room included.",
    bounds: joinBounds,
  },
  away: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Away",
    description:
      "From a participant's last sign of life from the server to having its place back, over a new connection.",
    bounds: joinBounds,
  },
  media_restart: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Media anew",
    description: "From learning that a participant's media is lost to media connected anew.",
    bounds: joinBounds,
  },
  signalling_join: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Signalling join",
    description: "From the instant that a client without media was due to connect to the answer to its join.",
    bounds: joinBounds,
    byK6: true,
  },
  signalling_answer: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Signalling answer",
    description: "From a request of a client without media to its answer, joins apart.",
    bounds: joinBounds,
    byK6: true,
  },
  ...browserFigures,
  packets_sent: {
    unit: "count",
    kind: "counter",
    better: "neither",
    label: "Packets sent",
    description: "RTP packets that the speakers sent.",
  },
  packets_expected: {
    unit: "count",
    kind: "counter",
    better: "neither",
    label: "Packets expected",
    description:
      "RTP packets sent, or due and not sent for want of media, while a listener was connected to their stream, summed over listeners.",
  },
  packets_received: {
    unit: "count",
    kind: "counter",
    better: "neither",
    label: "Packets received",
    description: "Expected RTP packets that reached their listener, duplicates apart.",
  },
  lost: {
    unit: "ratio",
    kind: "rate",
    better: "lower",
    label: "Lost",
    description: "Expected packets that never reached their listener.",
  },
  late: {
    unit: "ratio",
    kind: "rate",
    better: "lower",
    label: "Late",
    description: "Expected packets that came after the jitter buffer had to play them.",
  },
  undecryptable: {
    unit: "ratio",
    kind: "rate",
    better: "lower",
    label: "Undecryptable",
    description:
      "Received frames that SFrame refused (no key, failed authentication, replay) and that were not played.",
  },
  session_ok: {
    unit: "ratio",
    kind: "rate",
    better: "higher",
    label: "Sessions in order",
    description: "Participants who joined, stayed as long as planned and left with a complete account.",
  },
  session_errors: {
    unit: "count",
    kind: "counter",
    better: "lower",
    label: "Session errors",
    description:
      "Participants whose session broke: refused, never connected, cut, or without a final account.",
  },
  key_gap: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Missed for want of a key",
    description:
      "In each talkspurt at each listener: how much of it came and could not be opened, since its key was not there.",
    bounds: delayBounds,
  },
  sframe_encrypt: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Encrypt a frame",
    description: "Time to SFrame-encrypt one Opus frame at a speaker (a sample of frames, coverage stated).",
    bounds: costBounds,
  },
  sframe_decrypt: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Decrypt a frame",
    description: "Time to SFrame-decrypt one Opus frame at a listener (a sample of frames, coverage stated).",
    bounds: costBounds,
  },
  sframe_overhead: {
    unit: "bytes",
    kind: "distribution",
    better: "lower",
    label: "SFrame overhead",
    description: "Bytes that SFrame adds to an Opus frame: header and authentication tag.",
    bounds: [8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 34],
  },
  late_send: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Late sends",
    description:
      "How long after its due instant a speaker's packet was really sent: the harness's own fault.",
    bounds: shortBounds,
  },
  event_loop_delay: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Event loop delay",
    description: "How long a timer of a harness process was held up: the harness's own fault.",
    bounds: shortBounds,
  },
} as const satisfies Record<string, FigureDefinition>;

export type FigureId = keyof typeof figures;
export type Figure = FigureDefinition & { readonly id: FigureId };

export const figureIds = Object.keys(figures) as FigureId[];

export function figure(id: FigureId): Figure {
  return { id, ...figures[id] };
}

type TimeFigureId = {
  [Id in FigureId]: (typeof figures)[Id]["unit"] extends "seconds" ? Id : never;
}[FigureId];

/** The k6 metrics of ours: figures in seconds carry `_ms`, since k6 counts time in milliseconds. */
export type K6MetricName = Exclude<FigureId, TimeFigureId> | `${TimeFigureId}_ms`;

export function k6MetricName(id: FigureId): K6MetricName {
  return (figures[id].unit === "seconds" ? `${id}_ms` : id) as K6MetricName;
}

/** The figure behind a k6 metric's name; undefined for k6's own metrics and unknown ones. */
export function figureOfK6Metric(metric: string): Figure | undefined {
  const id = figureIds.find((candidate) => k6MetricName(candidate) === metric);
  return id === undefined ? undefined : figure(id);
}

/** What to multiply a value in the figure's unit by to get k6's. */
export function k6Scale(id: FigureId): number {
  return figures[id].unit === "seconds" ? 1000 : 1;
}

export function resultKey(id: FigureId): string {
  const camel = id.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const { unit, kind } = figures[id];
  if (unit === "seconds") return `${camel}Seconds`;
  if (unit === "bytes") return `${camel}Bytes`;
  return kind === "rate" ? `${camel}Ratio` : camel;
}

export function prometheusName(id: FigureId): string {
  const { unit, kind } = figures[id];
  if (unit === "seconds") return `soundcheck_${id}_seconds`;
  if (unit === "bytes") return `soundcheck_${id}_bytes`;
  return kind === "counter" ? `soundcheck_${id}_total` : `soundcheck_${id}_ratio`;
}
