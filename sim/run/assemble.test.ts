import { describe, expect, test } from "vitest";
import { resultSchema, type Result } from "../protocol/result.ts";
import { parseThresholds } from "../verdict/threshold.ts";
import { agentReport, goodHosts, hostReport, plan, snapshotOf } from "./_reports.ts";
import type { K6SummaryMetrics } from "../verdict/judge.ts";
import { assembleResult, type Observed } from "./assemble.ts";

const thresholds = parseThresholds({
  session_ok: ["rate==1"],
  session_errors: ["count==0"],
  mouth_to_ear_ms: ["p(99)<400"],
  lost: ["rate<0.005"],
  undecryptable: ["rate<0.01"],
  packets_received: ["count>0"],
});

const environment: Result["environment"] = {
  soundcheck: "0.1.0",
  node: "24.0.0",
  k6: "1.1.0",
  mediasoup: "3.27.1",
  worker: "prebuilt",
  nodeDatachannel: "0.33.4",
  os: "linux",
  cpuModel: "any",
  cores: 2,
  memoryBytes: 1e9,
  scenarioHash: "00",
  command: "soundcheck run smoke",
};

const cpu = { pid: 9, wallSeconds: 12, maxRssBytes: null };

function observed(more: Partial<Observed> = {}): Observed {
  return {
    runId: "run-1",
    seed: "1",
    scenario: {
      name: "smoke",
      path: "/scenarios/smoke.ts",
      hash: "00",
      profile: "smoke",
      parameters: {},
      clients: null,
      browsers: 0,
      thresholds,
    },
    startedAtMs: Date.UTC(2026, 0, 1),
    durationSeconds: 12,
    report: agentReport(...goodHosts()),
    plan,
    expectedHosts: ["stage", "audience-0"],
    k6: {
      exitCode: 0,
      detail: "",
      complaints: {},
      browserComplaints: [],
      exception: null,
      metrics: { digests: { type: "counter", values: { count: 55, rate: 5 } } },
    },
    systemFailure: null,
    agentDeath: null,
    interrupted: false,
    machineBusyRatio: 0.4,
    processes: [
      { name: "server", cpuSeconds: 0.2, ...cpu },
      { name: "worker-0", cpuSeconds: 0.61, ...cpu },
      { name: "k6", cpuSeconds: 0.3, ...cpu },
    ],
    destinations: [],
    environment,
    ...more,
  };
}

describe("a run in good order", () => {
  const result = assembleResult(observed());

  test("passes, and its result fits the schema of results", () => {
    expect(result.verdict).toEqual({ outcome: "PASS", reasons: expect.any(Array) });
    expect(resultSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  test("counts everybody and every packet", () => {
    expect(result.participants).toEqual({ speakers: 2, listeners: 3, joined: 5, failed: 0, failures: [] });
    expect(result.packets).toEqual({
      sent: 100,
      expected: 300,
      received: 300,
      lost: 0,
      late: 1,
      duplicate: 4,
      edge: 5,
      unsent: 0,
    });
    expect(result.lostRatio).toBe(0);
    expect(result.lateRatio).toBeCloseTo(1 / 300);
  });

  test("says of each distribution how much of it was observed", () => {
    // 300 came, of which 2 were refused and 1 was late: late ones have a path, but were never played.
    expect(result.mouthToEarSeconds).toMatchObject({ n: 297, coverage: 1 });
    expect(result.pathDelaySeconds).toMatchObject({ n: 298, coverage: 1 });
    expect(result.playoutDelaySeconds).toMatchObject({ n: 297, coverage: 1 });
    expect(result.joinSeconds).toMatchObject({ n: 5, coverage: 1 });
    expect(result.firstSoundSeconds).toMatchObject({ n: 3, coverage: 1 });
    expect(result.e2ee.decryptSeconds).toMatchObject({ n: 1, coverage: 1 / 298 });
  });

  test("says what encryption did", () => {
    expect(result.e2ee).toMatchObject({
      enabled: true,
      encryptedFrames: 100,
      decryptedFrames: 298,
      overheadBytesPerFrame: 19,
      failures: { "unknown-key": 3 },
      rekeys: 1,
      sealedMessages: 7,
    });
  });

  test("says what a packet cost the worker and the audience", () => {
    const { cpu: costs } = result.harness;
    expect(costs.workerSecondsPerForwardedPacket).toBeCloseTo(0.61 / 305);
    expect(costs.audienceSecondsPerReceivedPacket).toBeCloseTo(1 / 305);
    expect(costs.processes.map(({ name }) => name)).toEqual([
      "server",
      "worker-0",
      "k6",
      "stage",
      "audience-0",
    ]);
  });

  test("shows the event loop of the host that was held up most", () => {
    expect(result.harness.eventLoopDelaySeconds.max).toBe(0.004);
  });

  test("judges thresholds on every packet, not on k6's sample", () => {
    expect(result.thresholds.map(({ metric, source, ok }) => [metric, source, ok])).toEqual(
      thresholds.map(({ metric }) => [metric, "exact", true]),
    );
    expect(result.thresholds.find(({ metric }) => metric === "undecryptable")).toMatchObject({
      measured: 2 / 300,
      n: 300,
    });
  });
});

describe("coverage", () => {
  test("below all shows when heard packets were not observed, and makes the run invalid", () => {
    const [stage, audience] = goodHosts();
    const histograms = { ...audience.histograms, mouth_to_ear: snapshotOf(0.1, 0.1, 0.1) };
    const result = assembleResult(observed({ report: agentReport(stage, { ...audience, histograms }) }));
    expect(result.mouthToEarSeconds.coverage).toBeCloseTo(4 / 298);
    expect(result.verdict.outcome).toBe("INVALID");
  });
});

describe("a run that is not in good order", () => {
  test("fails on a threshold that its packets break, whatever k6 says", () => {
    const [stage, audience] = goodHosts();
    const packets = { ...audience.packets, received: 290, lost: 10, late: 1, refused: 2 };
    const histograms = {
      ...audience.histograms,
      mouth_to_ear: snapshotOf(...Array.from({ length: 287 }, () => 0.1)),
    };
    const metrics: K6SummaryMetrics = {
      ...observed().k6.metrics,
      lost: { type: "rate", values: { rate: 0 }, thresholds: { "rate<0.005": { ok: true } } },
    };
    const result = assembleResult(
      observed({
        report: agentReport(stage, { ...audience, packets, histograms }),
        k6: { exitCode: 0, detail: "", complaints: {}, browserComplaints: [], exception: null, metrics },
      }),
    );
    expect(result.verdict.outcome).toBe("FAIL");
    expect(result.thresholds.find(({ metric }) => metric === "lost")).toMatchObject({
      ok: false,
      measured: 10 / 300,
    });
    expect(result.lostRatio).toBeCloseTo(1 / 30);
  });

  test("is invalid when digests went missing between agent and k6", () => {
    const metrics: K6SummaryMetrics = { digests: { type: "counter", values: { count: 54 } } };
    const result = assembleResult(
      observed({
        k6: { exitCode: 0, detail: "", complaints: {}, browserComplaints: [], exception: null, metrics },
      }),
    );
    expect(result.verdict.outcome).toBe("INVALID");
    expect(result.harness.k6).toMatchObject({ digestsSent: 55, digestsReceived: 54 });
  });

  test("does not pass when nobody came", () => {
    const empty = agentReport(hostReport("stage"), hostReport("audience-0"));
    const result = assembleResult(observed({ report: empty }));
    expect(result.verdict.outcome).not.toBe("PASS");
    expect(result.mouthToEarSeconds).toMatchObject({ n: 0, coverage: null, p99: null });
    expect(result.lostRatio).toBeNull();
    expect(result.harness.cpu.workerSecondsPerForwardedPacket).toBeNull();
  });

  test("fails when the room server died, however good the packets until then", () => {
    const systemFailure = {
      kind: "exited",
      what: "room server",
      how: "was killed by SIGKILL",
      atSecond: 5,
    } as const;
    const result = assembleResult(observed({ systemFailure }));
    expect(result.verdict.outcome).toBe("FAIL");
    expect(result.verdict.reasons[0]?.code).toBe("server-died");
  });

  test("fails when one listener heard nothing, and names them", () => {
    const [stage, audience] = goodHosts();
    const [lea] = audience.worst;
    if (lea === undefined) throw new Error("no listener");
    const report = agentReport(stage, { ...audience, deaf: 1, worst: [{ ...lea, deaf: true }] });
    const { verdict } = assembleResult(observed({ report }));
    expect(verdict).toMatchObject({ outcome: "FAIL", reasons: [{ code: "listener-heard-nothing" }] });
    expect(verdict.reasons[0]?.message).toContain("1 of 3 listeners heard not one frame: Lea");
  });

  test("is invalid when a host did not report, and nobody says that nothing was there to hear", () => {
    for (const host of goodHosts()) {
      const { verdict } = assembleResult(observed({ report: agentReport(host) }));
      expect(verdict.outcome).toBe("INVALID");
      expect(verdict.reasons[0]?.code).toBe("host-report-missing");
      expect(verdict.reasons.map(({ code }) => code)).not.toContain("no-samples");
    }
  });

  test("is invalid when the agent died, which is said first", () => {
    const agentDeath = "was killed by SIGKILL";
    const { verdict } = assembleResult(observed({ report: undefined, agentDeath }));
    expect(verdict.outcome).toBe("INVALID");
    expect(verdict.reasons[0]?.message).toMatch(/^The fleet agent was killed by SIGKILL/);
    expect(verdict.reasons.map(({ code }) => code)).not.toContain("no-samples");
  });

  test("that never reached the agent has a result all the same, without figures", () => {
    const result = assembleResult(
      observed({
        report: undefined,
        plan: undefined,
        expectedHosts: [],
        k6: {
          exitCode: 107,
          detail: "setup failed",
          complaints: {},
          browserComplaints: [],
          exception: null,
          metrics: undefined,
        },
        processes: [],
      }),
    );
    expect(result.verdict.outcome).not.toBe("PASS");
    expect(result.plan).toBeNull();
    expect(result.participants).toMatchObject({ speakers: 0, listeners: 0, joined: 0 });
    expect(result.harness.k6).toEqual({
      exitCode: 107,
      droppedIterations: null,
      digestsSent: 0,
      digestsReceived: null,
    });
    expect(result.harness.cpu.workerSecondsPerForwardedPacket).toBeNull();
    expect(resultSchema.safeParse(JSON.parse(JSON.stringify(result))).success).toBe(true);
  });

  test("counts sessions that broke after joining once, as joined and as failed", () => {
    const [stage, audience] = goodHosts();
    const failures = [{ cause: "disconnected", message: "media connection closed", count: 1 }] as const;
    const result = assembleResult(
      observed({ report: agentReport(stage, { ...audience, completed: 2, failures: [...failures] }) }),
    );
    expect(result.participants).toMatchObject({ joined: 5, failed: 1, failures });
    expect(result.thresholds.find(({ metric }) => metric === "session_ok")).toMatchObject({
      ok: false,
      measured: 4 / 5,
    });
    expect(result.thresholds.find(({ metric }) => metric === "session_errors")).toMatchObject({
      ok: false,
      measured: 1,
    });
    // All who were planned had started: that is no fault of the harness.
    expect(result.harness.limits.find(({ id }) => id === "participants-started")).toMatchObject({
      ok: true,
      measured: 1,
    });
    expect(result.verdict.outcome).toBe("FAIL");
  });
});
