import { describe, expect, test } from "vitest";
import { harnessLimitSchema } from "../protocol/result.ts";
import { evaluateClientLimits, evaluateHarnessLimits, harnessLimits, isStarved } from "./harness-limits.ts";
import type { ClientMeasures, HarnessLimitId, HarnessMeasures } from "./harness-limits.ts";

const healthy: HarnessMeasures = {
  lateSend: { p99: 0.0011, p999: 0.004 },
  eventLoopDelay: [
    { host: "stage", p99: 0.002 },
    { host: "audience-0", p99: 0.006 },
  ],
  machineBusyRatio: 0.6,
  heardPackets: 1000,
  mouthToEarCoverage: 1,
  digestsSent: 12_000,
  digestsReceived: 12_000,
  droppedIterations: 0,
  stage: { planned: 4, started: 4 },
  audience: { planned: 200, started: 200 },
  browsers: null,
};

function broken(change: Partial<HarnessMeasures>): string[] {
  return evaluateHarnessLimits({ ...healthy, ...change })
    .filter(({ ok }) => !ok)
    .map(({ id }) => id);
}

describe("evaluateHarnessLimits", () => {
  test("finds a healthy harness in order, and every limit in its result", () => {
    const limits = evaluateHarnessLimits(healthy);
    const ofHosts = Object.keys(harnessLimits).filter((id) => id !== "late-start-p99");
    expect(limits.map(({ id }) => id)).toEqual(ofHosts);
    expect(limits.every(({ ok }) => ok)).toBe(true);
    for (const limit of limits) expect(() => harnessLimitSchema.parse(limit)).not.toThrow();
  });

  test.each<[HarnessLimitId, Partial<HarnessMeasures>]>([
    ["late-send-p99", { lateSend: { p99: 0.0201, p999: 0.03 } }],
    ["late-send-p999", { lateSend: { p99: 0.01, p999: 0.081 } }],
    ["event-loop-p99", { eventLoopDelay: [{ host: "stage", p99: 0.051 }] }],
    ["machine-cpu", { machineBusyRatio: 0.98 }],
    ["mouth-to-ear-coverage", { mouthToEarCoverage: 0.9989 }],
    ["digests-lost", { digestsReceived: 11_999 }],
    ["digests-lost", { digestsReceived: 12_001 }],
    ["iterations-dropped", { droppedIterations: 1 }],
    ["participants-started", { audience: { planned: 200, started: 195 } }],
    ["participants-started", { stage: { planned: 4, started: 3 } }],
  ])("breaks %s alone when it is past", (id, change) => {
    expect(broken(change)).toEqual([id]);
  });

  test("asks for no coverage where nothing was heard", () => {
    expect(broken({ heardPackets: 0, mouthToEarCoverage: null })).toEqual([]);
  });

  test("holds at exactly the limit", () => {
    expect(
      broken({
        lateSend: { p99: 0.02, p999: 0.08 },
        machineBusyRatio: 0.97,
        mouthToEarCoverage: 0.999,
      }),
    ).toEqual([]);
  });

  test.each<[HarnessLimitId, Partial<HarnessMeasures>]>([
    ["late-send-p99", { lateSend: { p99: null, p999: 0.001 } }],
    ["event-loop-p99", { eventLoopDelay: [] }],
    ["event-loop-p99", { eventLoopDelay: [...healthy.eventLoopDelay, { host: "audience-1", p99: null }] }],
    ["machine-cpu", { machineBusyRatio: null }],
    ["machine-cpu", { machineBusyRatio: NaN }],
    ["mouth-to-ear-coverage", { mouthToEarCoverage: null }],
    ["digests-lost", { digestsReceived: null }],
    ["iterations-dropped", { droppedIterations: null }],
  ])("breaks %s when there are no samples", (id, change) => {
    expect(broken(change)).toEqual([id]);
    const limit = evaluateHarnessLimits({ ...healthy, ...change }).find((candidate) => candidate.id === id);
    expect(limit?.measured).toBeNull();
  });

  test("names the host that was held up most", () => {
    const limit = evaluateHarnessLimits(healthy).find(({ id }) => id === "event-loop-p99");
    expect(limit).toMatchObject({ name: "event loop delay p99 (audience-0)", measured: 0.006 });
  });
});

describe("isStarved", () => {
  test("is true of a harness measured past what it needs to do its work", () => {
    expect(isStarved(evaluateHarnessLimits({ ...healthy, machineBusyRatio: 0.99 }))).toBe(true);
  });

  test("is false of one that was merely not measured, and of lost digests", () => {
    expect(isStarved(evaluateHarnessLimits({ ...healthy, lateSend: { p99: null, p999: null } }))).toBe(false);
    expect(isStarved(evaluateHarnessLimits({ ...healthy, digestsReceived: 0 }))).toBe(false);
  });
});

describe("evaluateClientLimits", () => {
  const inOrder: ClientMeasures = {
    machineBusyRatio: 0.6,
    droppedIterations: 0,
    audience: { planned: 2000, started: 2000 },
    lateStartP99: 0.02,
  };

  test("finds a k6 that kept up in order", () => {
    expect(evaluateClientLimits(inOrder).every(({ ok }) => ok)).toBe(true);
  });

  test.each<[HarnessLimitId, Partial<ClientMeasures>, starved: boolean]>([
    ["machine-cpu", { machineBusyRatio: 0.98 }, true],
    ["iterations-dropped", { droppedIterations: 1 }, false],
    ["iterations-dropped", { droppedIterations: null }, false],
    ["participants-started", { audience: { planned: 2000, started: 1900 } }, false],
    ["late-start-p99", { lateStartP99: 0.11 }, true],
    ["late-start-p99", { lateStartP99: null }, false],
  ])("breaks %s alone when it is past or was not measured", (id, change, starved) => {
    const limits = evaluateClientLimits({ ...inOrder, ...change });
    expect(limits.flatMap(({ id: broke, ok }) => (ok ? [] : [broke]))).toEqual([id]);
    expect(isStarved(limits)).toBe(starved);
  });
});
