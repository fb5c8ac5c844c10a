import { describe, expect, test } from "vitest";
import { qualityBetween } from "./quality.ts";
import { noStats, summarise, type MediaStats } from "./stats.ts";

/** Two seconds of one stream later. */
function later(
  receiving: Partial<MediaStats["receiving"]> = {},
  roundTripMs: number | null = 20,
): MediaStats {
  return {
    ...noStats,
    roundTripMs,
    receiving: {
      ...noStats.receiving,
      packetsReceived: 100,
      jitterBufferEmittedCount: 96_000,
      jitterBufferDelaySeconds: 96_000 * 0.06,
      totalSamplesReceived: 96_000,
      ...receiving,
    },
  };
}

describe("the quality of a connection", () => {
  test("is good where all comes in time", () => {
    expect(qualityBetween(noStats, later())).toEqual({
      rating: "good",
      roundTripMs: 20,
      lossPercent: 0,
      jitterMs: 0,
      playoutDelayMs: 60,
      concealedPercent: 0,
    });
  });

  test("is what happened since the last time, not since the beginning", () => {
    const before = later({ packetsLost: 100 });
    const after = later({ packetsReceived: 200, packetsLost: 100 });
    expect(qualityBetween(before, after)).toMatchObject({ rating: "good", lossPercent: 0 });
  });

  test.each([
    ["loss", later({ packetsLost: 3 }), "fair"],
    ["much loss", later({ packetsLost: 12 }), "poor"],
    ["a long way", later({}, 250), "fair"],
    ["a very long way", later({}, 500), "poor"],
    ["jitter", later({ jitterMs: 40 }), "fair"],
    ["sound that is made up", later({ audibleConcealedSamples: 96_000 * 0.1 }), "poor"],
    ["sound that waits", later({ jitterBufferDelaySeconds: 96_000 * 0.3 }), "fair"],
  ])("goes down by %s", (_what, after, rating) => {
    expect(qualityBetween(noStats, after).rating).toBe(rating);
  });

  test("is unknown where nothing was measured", () => {
    expect(qualityBetween(noStats, noStats)).toMatchObject({
      rating: "unknown",
      roundTripMs: null,
      lossPercent: null,
      playoutDelayMs: null,
    });
  });

  test("takes lost packets that came late after all for no gain", () => {
    expect(qualityBetween(later({ packetsLost: 5 }), later({ packetsReceived: 150 })).lossPercent).toBe(0);
  });
});

describe("the summary of getStats", () => {
  test("sums streams, takes the worst jitter, and the round trip of the pair in use", () => {
    const stats = summarise([
      [
        { type: "inbound-rtp", packetsReceived: 10, packetsLost: 1, jitter: 0.01, totalAudioEnergy: 0.5 },
        { type: "inbound-rtp", packetsReceived: 20, packetsLost: 0, jitter: 0.03, totalAudioEnergy: 0.25 },
        { type: "inbound-rtp", concealedSamples: 100, silentConcealedSamples: 80 },
        { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 },
        { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.05 },
      ],
      [
        { type: "outbound-rtp", packetsSent: 7, bytesSent: 700 },
        { type: "remote-inbound-rtp", packetsLost: 2 },
      ],
    ]);
    expect(stats.receiving).toMatchObject({
      streams: 3,
      packetsReceived: 30,
      packetsLost: 1,
      jitterMs: 30,
      totalAudioEnergy: 0.75,
      concealedSamples: 100,
      audibleConcealedSamples: 20,
    });
    expect(stats.sending).toEqual({ packetsSent: 7, bytesSent: 700, packetsLost: 2 });
    expect(stats.roundTripMs).toBe(50);
  });

  test("of nothing is nothing", () => {
    expect(summarise([])).toEqual(noStats);
  });
});
