import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostReport } from "../protocol/fleet.ts";
import { Histogram } from "../util/histogram.ts";
import { agentReport, goodHosts, hostReport, second, snapshotOf } from "./_reports.ts";
import { distributionOf, mergeReports, worstListeners } from "./merge.ts";

describe("hosts merged", () => {
  test("are no more than nothing where none reported", () => {
    const merged = mergeReports(undefined);
    expect(merged).toMatchObject({
      hosts: [],
      stage: [],
      audience: [],
      failures: [],
      timeline: [],
      completed: 0,
    });
    expect(new Set(Object.values(merged.packets))).toEqual(new Set([0]));
    expect(merged.histograms).toEqual({});
  });

  test("add up their packets, sessions and frames", () => {
    const [stage, audience] = goodHosts();
    const merged = mergeReports(agentReport(stage, audience, { ...audience, name: "audience-1" }));
    expect(merged.packets).toEqual({
      sent: 100,
      sentBytes: 10_000,
      expected: 600,
      received: 600,
      lost: 0,
      late: 2,
      duplicate: 8,
      edge: 10,
      refused: 4,
      unsent: 0,
    });
    expect(merged.completed).toBe(8);
    expect(merged.sframe).toMatchObject({
      encrypted: 100,
      decrypted: 596,
      rekeys: 1,
      refused: { "unknown-key": 6 },
    });
    expect(merged.stage.map(({ name }) => name)).toEqual(["stage"]);
    expect(merged.audience.map(({ name }) => name)).toEqual(["audience-0", "audience-1"]);
  });

  test("have one histogram a figure, of what all observed", () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 10, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (parts) => {
        const hosts = parts.map((part, index) =>
          hostReport(`audience-${index}`, { histograms: { join: snapshotOf(...part) } }),
        );
        const { join } = mergeReports(agentReport(...hosts)).histograms;
        const { sum, ...rest } = snapshotOf(...parts.flat());
        expect(join?.snapshot()).toMatchObject(rest);
        expect(join?.sum).toBeCloseTo(sum, 6);
      }),
    );
  });

  test("count failures of one cause and message together, the commonest first, and leave the reports as they were", () => {
    const failing = (name: string, ...failures: HostReport["failures"]): HostReport =>
      hostReport(name, { failures });
    const ice = { cause: "ice", message: "no answer", count: 2 } as const;
    const cut = { cause: "cut", message: "gone", count: 3 } as const;
    const hosts = [failing("stage", { ...ice }), failing("audience-0", { ...cut }, { ...ice })];
    const { failures } = mergeReports(agentReport(...hosts));
    expect(failures).toEqual([{ ...ice, count: 4 }, cut]);
    expect(hosts[0]?.failures).toEqual([ice]);
  });
});

describe("the timeline", () => {
  test("is the seconds of all hosts, in order, with who is in the room at the end of each", () => {
    const hosts = [
      hostReport("stage", { seconds: [second(3, { sent: 10, left: 1 }), second(0, { joined: 1 })] }),
      hostReport("audience-0", {
        seconds: [
          second(0, { joined: 2 }),
          second(3, { expected: 10, received: 9, lost: 1, mouthToEar: snapshotOf(0.1, 0.2) }),
          second(1, { left: 1, failed: 1 }),
        ],
      }),
      hostReport("audience-1", {
        seconds: [second(3, { expected: 5, received: 5, mouthToEar: snapshotOf(0.4) })],
      }),
    ];
    const { timeline } = mergeReports(agentReport(...hosts));
    expect(
      timeline.map((entry) => [entry.second, entry.inRoom, entry.sent, entry.expected, entry.lost]),
    ).toEqual([
      [0, 3, 0, 0, 0],
      [1, 2, 0, 0, 0],
      [3, 1, 10, 15, 1],
    ]);
    // Quantiles of the merged histogram, not of some host's.
    expect(timeline[2]?.mouthToEarP50).toBeCloseTo(0.2, 2);
    expect(timeline[2]?.mouthToEarP99).toBe(0.4);
    expect(timeline[0]?.mouthToEarP95).toBeNull();
  });
});

describe("a distribution", () => {
  test("without observations has no figures", () => {
    const none = { min: null, mean: null, p50: null, p95: null, p99: null, p999: null, max: null };
    expect(distributionOf(undefined, 10)).toEqual({ n: 0, coverage: 0, ...none });
    expect(distributionOf(new Histogram(), null)).toEqual({ n: 0, coverage: null, ...none });
    expect(distributionOf(undefined, 0)).toEqual({ n: 0, coverage: null, ...none });
  });

  test("says which share of what could have been observed was", () => {
    const histogram = Histogram.from(snapshotOf(1, 2, 3));
    expect(distributionOf(histogram, 4)).toMatchObject({ n: 3, coverage: 0.75, min: 1, mean: 2, max: 3 });
    expect(distributionOf(histogram, null).coverage).toBe(1);
  });
});

test("the worst listeners are the worst of all hosts", () => {
  const one = {
    name: "x",
    expected: 100,
    late: 0,
    refused: 0,
    deaf: false,
    mouthToEarP99Seconds: 0.1,
    failure: null,
  };
  const hosts = [
    hostReport("audience-0", {
      worst: [
        { ...one, index: 1, lost: 5 },
        { ...one, index: 2, lost: 1 },
      ],
    }),
    hostReport("audience-1", { worst: [{ ...one, index: 3, lost: 3 }] }),
  ];
  expect(worstListeners(hosts, 2).map(({ index }) => index)).toEqual([1, 3]);
});
