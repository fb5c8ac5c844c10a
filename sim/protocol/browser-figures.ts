/** What real browsers beside the simulated listeners measure (docs/browser-listeners.md); part of the registry of figures. */
import { delayBounds, joinBounds, type FigureDefinition } from "./figure-definition.ts";

export const browserFigures = {
  browser_join: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Browser: join",
    description: "From pressing Join in a real browser to its media connected (ICE and DTLS done).",
    bounds: joinBounds,
    byK6: true,
  },
  browser_mouth_to_ear: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Browser: mouth to ear",
    description:
      "From a chirp at the speaker's mouth to the audio output of a real browser, as found in what its page plays.",
    bounds: delayBounds,
    byK6: true,
  },
  browser_playout_delay: {
    unit: "seconds",
    kind: "distribution",
    better: "lower",
    label: "Browser: jitter buffer",
    description:
      "How long a real browser's jitter buffer held its samples, by its own statistics: a mean each second.",
    bounds: delayBounds,
    byK6: true,
  },
  browser_concealed: {
    unit: "ratio",
    kind: "distribution",
    better: "lower",
    label: "Browser: concealed",
    description: "Share of the samples that a real browser made up, by its own statistics: each second's.",
    bounds: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    byK6: true,
  },
  browser_energy: {
    unit: "ratio",
    kind: "distribution",
    better: "neither",
    label: "Browser: energy",
    description:
      "Mean power of what a real browser decoded, against full scale, by its own statistics: each second's.",
    bounds: [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
    byK6: true,
  },
  browser_chirps: {
    unit: "count",
    kind: "counter",
    better: "higher",
    label: "Browser: chirps heard",
    description: "Chirps that were found in what real browsers play, summed over browsers.",
    byK6: true,
  },
  browser_ok: {
    unit: "ratio",
    kind: "rate",
    better: "higher",
    label: "Browsers in order",
    description: "Real browsers that joined, heard, stayed as long as planned and left.",
    byK6: true,
  },
} as const satisfies Record<string, FigureDefinition>;
