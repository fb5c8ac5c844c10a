import { describe, expect, test } from "vitest";
import { deafLimits, failed, good, goodStorm, healthyMeasures, met, starvedLimits } from "./_good-facts.ts";
import type { VerdictFacts } from "./facts.ts";
import { evaluateHarnessLimits } from "./harness-limits.ts";
import { decideVerdict } from "./outcome.ts";

const nobody: Partial<VerdictFacts> = {
  joined: { stage: 0, audience: 0 },
  packets: { sent: 0, expected: 0, received: 0, heard: 0 },
  seconds: [],
  limits: deafLimits,
  failures: [
    { cause: "ice", message: "no answer to the checks", count: 180 },
    { cause: "dtls", message: "handshake timed out", count: 24 },
  ],
};

function decide(change: Partial<VerdictFacts>): { outcome: string; codes: string[]; text: string } {
  const { outcome, reasons } = decideVerdict({ ...good, ...change });
  return {
    outcome,
    codes: reasons.map(({ code }) => code),
    text: reasons.map(({ message }) => message).join("\n"),
  };
}

function withBlackout(from: number, to: number): VerdictFacts["seconds"] {
  return good.seconds.map((second) =>
    second.second >= from && second.second < to ? { ...second, lost: 19_400 } : second,
  );
}

test("PASS when all is in order, and then there is nothing to say", () => {
  expect(decideVerdict(good)).toEqual({ outcome: "PASS", reasons: [] });
});

describe("a dead system", () => {
  const died = {
    systemFailure: {
      kind: "exited",
      what: "room server",
      how: "killed by SIGKILL",
      atSecond: 12.4,
    },
  } as const;

  test("is FAIL by the death observed, also under a late harness, a crashed k6 and missing reports", () => {
    const verdict = decide({
      ...died,
      limits: starvedLimits,
      k6: { exitCode: 107, detail: "", exception: null, summary: false, abortedByThreshold: false },
      hosts: { expected: [], reported: [] },
    });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["server-died"] });
    expect(verdict.text).toContain("The room server died in second 12: killed by SIGKILL.");
  });

  test("is FAIL and says when packets were lost", () => {
    expect(decide({ ...died, seconds: withBlackout(12, 20) }).codes).toEqual(["server-died"]);
    expect(
      decide({
        ...died,
        seconds: good.seconds.map((s) => ({ ...s, lost: s.second === 12 ? 8000 : 0 })),
      }).text,
    ).toContain("1 s from second 12: 40 % lost (8,000 of 20,000 packets)");
  });

  test("is FAIL when its address does not answer", () => {
    const verdict = decide({
      ...nobody,
      systemFailure: {
        kind: "unreachable",
        address: "ws://127.0.0.1:7880/room",
        detail: "connection refused",
      },
      hosts: { expected: [], reported: [] },
    });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["server-unreachable"] });
    expect(verdict.text).toContain("ws://127.0.0.1:7880/room: connection refused");
  });

  test("is FAIL when no participant connects under a healthy harness, whatever k6's exit code", () => {
    for (const exitCode of [0, 99, 107, 108, null]) {
      const verdict = decide({
        ...nobody,
        k6: { exitCode, detail: "", exception: null, summary: false, abortedByThreshold: false },
      });
      expect(verdict).toMatchObject({
        outcome: "FAIL",
        codes: ["no-participant-connected", "no-listener-heard"],
      });
      expect(verdict.text).toContain(
        "180 did not complete ICE (no answer to the checks), 24 did not complete DTLS",
      );
    }
  });

  test("is INVALID when none connects and the harness starved", () => {
    const verdict = decide({ ...nobody, limits: starvedLimits });
    expect(verdict.outcome).toBe("INVALID");
    expect(verdict.codes).toContain("harness-limit");
    expect(verdict.text).toContain(
      "CPU busy, whole machine: 99.5 %, at most 97 % allowed. Use fewer listeners",
    );
    expect(verdict.text).toContain("No participant connected");
  });

  test("is INVALID when none connects and nobody watched the harness", () => {
    const blind = evaluateHarnessLimits({ ...healthyMeasures, eventLoopDelay: [] });
    const unknownCpu = evaluateHarnessLimits({ ...healthyMeasures, machineBusyRatio: null });
    expect(decide({ ...nobody, limits: blind }).outcome).toBe("INVALID");
    expect(decide({ ...nobody, limits: unknownCpu }).outcome).toBe("INVALID");
    expect(decide({ ...nobody, limits: [] }).outcome).toBe("INVALID");
    expect(decide({ ...nobody, longestStallSeconds: null }).outcome).toBe("INVALID");
  });

  test("is INVALID when sessions broke by the harness's own fault", () => {
    const failures = [
      { cause: "harness", message: "too many open files", count: 200 },
      { cause: "ice", message: "", count: 4 },
    ] as const;
    const verdict = decide({ ...nobody, failures });
    expect(verdict.outcome).toBe("INVALID");
    expect(verdict.text).toContain("200 sessions broke by a fault of the harness: too many open files.");
    expect(decide({ ...nobody, failures: failures.slice(0, 1) }).codes).not.toContain(
      "no-participant-connected",
    );
  });
});

describe("a silent system", () => {
  test("is FAIL when listeners are connected and not one packet arrives", () => {
    const verdict = decide({
      packets: { sent: 6000, expected: 1_200_000, received: 0, heard: 0 },
      limits: deafLimits,
    });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["no-listener-heard"] });
    expect(verdict.text).toContain(
      "No listener heard anything: 200 listeners connected, and of 1,200,000 expected packets not one arrived.",
    );
  });

  test("is FAIL when packets arrive and not one can be decrypted, whatever thresholds say", () => {
    const verdict = decide({
      packets: { sent: 6000, expected: 1_200_000, received: 1_200_000, heard: 0 },
      limits: deafLimits,
    });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["no-listener-heard"] });
    expect(verdict.text).toContain("of 1,200,000 received packets not one could be decrypted");
  });

  test("is FAIL, and names them, when keys were dealt to somebody nobody seated, whatever else is good or bad", () => {
    const verdict = decide({ strangers: ["ghost"] });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["stranger-keyed"] });
    expect(verdict.text).toContain("whom this run did not seat: ghost. They can hear.");
    expect(decide({ strangers: ["a", "b", "c", "d"] }).text).toContain("a, b, c and 1 more");
    expect(decide({ strangers: ["ghost"], limits: starvedLimits }).outcome).toBe("FAIL");
    expect(decide({ strangers: ["ghost"], interrupted: true }).outcome).toBe("FAIL");
  });

  test("is FAIL to a single listener, who is named, though all thresholds are met", () => {
    const verdict = decide({ deaf: { count: 1, names: ["Lea"] } });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["listener-heard-nothing"] });
    expect(verdict.text).toContain("1 of 200 listeners heard not one frame: Lea.");
    const names = ["Lea", "Noor", "Tom", "Ada"];
    expect(decide({ deaf: { count: 4, names } }).text).toContain(
      "4 of 200 listeners heard not one frame: Lea, Noor, Tom and others.",
    );
    expect(decide({ deaf: { count: 1, names: ["Lea"] }, limits: starvedLimits }).outcome).toBe("INVALID");
  });

  test("is FAIL when the server opens no stream to any listener", () => {
    const verdict = decide({
      packets: { sent: 6000, expected: 0, received: 0, heard: 0 },
      limits: deafLimits,
    });
    expect(verdict.outcome).toBe("FAIL");
    expect(verdict.text).toContain("opened no stream");
  });

  test("is FAIL when only the listeners, or only the speakers, do not connect", () => {
    const packets = { sent: 6000, expected: 0, received: 0, heard: 0 };
    const failures = [{ cause: "dtls", message: "", count: 200 }] as const;
    const change = { packets, failures, limits: deafLimits };
    expect(decide({ ...change, joined: { stage: 4, audience: 0 } }).text).toContain(
      "No listener heard anything: none connected; 200 did not complete DTLS.",
    );
    expect(decide({ ...change, joined: { stage: 0, audience: 200 } }).text).toContain("no speaker connected");
  });

  test("is INVALID when our speakers sent nothing", () => {
    const verdict = decide({ packets: { sent: 0, expected: 0, received: 0, heard: 0 }, limits: deafLimits });
    expect(verdict.outcome).toBe("INVALID");
    expect(verdict.text).toContain("the speakers sent not one packet");
  });

  test("is no fault where nobody was to speak or listen", () => {
    const packets = { sent: 0, expected: 0, received: 0, heard: 0 };
    expect(decide({ talkPlanned: false, packets }).outcome).toBe("PASS");
    expect(
      decide({ planned: { stage: 4, audience: 0 }, joined: { stage: 4, audience: 0 }, packets }).outcome,
    ).toBe("PASS");
  });

  test("is FAIL after a blackout, even when every threshold is met", () => {
    const verdict = decide({ seconds: withBlackout(12, 20) });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["blackout"] });
    expect(verdict.text).toBe(
      "Nearly nothing was heard for 8 s from second 12: 97 % lost (155,200 of 160,000 packets).",
    );
  });

  test("is INVALID when a host process stood still for as long as the blackout", () => {
    const verdict = decide({ seconds: withBlackout(12, 15), longestStallSeconds: 3.2 });
    expect(verdict).toMatchObject({ outcome: "INVALID", codes: ["harness-stalled"] });
    expect(verdict.text).toContain("stood still for 3.2 s");
  });
});

describe("a harness that cannot be believed", () => {
  test.each<[string, Partial<VerdictFacts>]>([
    ["interrupted", { interrupted: true }],
    ["agent-report-missing", { hosts: { expected: [], reported: [] } }],
    ["host-report-missing", { hosts: { expected: ["stage", "audience-0"], reported: ["stage"] } }],
    ["k6-crashed", { k6: { ...good.k6, exitCode: null } }],
    ["k6-failed", { k6: { ...good.k6, exitCode: 107 } }],
    ["k6-failed", { k6: { ...good.k6, exitCode: -1 } }],
    ["script-exception", { k6: { ...good.k6, exception: "Error: boom" } }],
    ["k6-summary-missing", { k6: { ...good.k6, summary: false } }],
    ["k6-aborted", { k6: { ...good.k6, exitCode: 99, abortedByThreshold: true } }],
    ["harness-unwatched", { limits: [] }],
    ["harness-limit", { limits: starvedLimits }],
    ["harness-limit", { limits: evaluateHarnessLimits({ ...healthyMeasures, digestsReceived: 11_999 }) }],
    ["harness-limit", { limits: deafLimits }],
    ["sessions-cut", { failures: [{ cause: "cut", message: "", count: 3 }] }],
    ["no-thresholds", { thresholds: [] }],
    [
      "no-samples",
      {
        joined: { stage: 0, audience: 0 },
        packets: { sent: 0, expected: 0, received: 0, heard: 0 },
        failures: [],
      },
    ],
  ])("is INVALID for %s, also beside a failed threshold", (code, change) => {
    const verdict = decide(change);
    expect(verdict.outcome).toBe("INVALID");
    expect(verdict.codes).toContain(code);
    if (code === "no-thresholds" || code === "k6-aborted") return;
    expect(decide({ ...change, thresholds: [failed] }).outcome).toBe("INVALID");
  });

  test("an interrupted run is INVALID even when nobody had connected yet, and says what was seen", () => {
    expect(decide({ ...nobody, interrupted: true })).toMatchObject({
      outcome: "INVALID",
      codes: ["interrupted", "no-participant-connected", "no-listener-heard"],
    });
  });

  test("k6's own thresholds are no trouble: exact figures overrule them", () => {
    expect(decide({ k6: { ...good.k6, exitCode: 99 } }).outcome).toBe("PASS");
    expect(decide({ k6: { ...good.k6, exitCode: 0 }, thresholds: [failed] }).outcome).toBe("FAIL");
  });

  test("what an early end by abortOnFail cuts short is no trouble when the threshold failed exactly too", () => {
    const verdict = decide({
      k6: { ...good.k6, exitCode: 99, abortedByThreshold: true },
      thresholds: [failed],
      failures: [{ cause: "cut", message: "", count: 150 }],
      limits: evaluateHarnessLimits({
        ...healthyMeasures,
        digestsReceived: 3,
        audience: { planned: 200, started: 150 },
      }),
    });
    expect(verdict.outcome).toBe("FAIL");
    expect(verdict.codes[0]).toBe("threshold");
  });
});

describe("thresholds", () => {
  test("each that failed is named with what was measured and n", () => {
    const verdict = decide({
      thresholds: [
        met,
        failed,
        { ...met, metric: "lost", expression: "rate<0.01", measured: 0.0312, ok: false },
        { ...met, metric: "join_ms", expression: "p(95)<2000", n: 0, measured: null, ok: false },
      ],
    });
    expect(verdict.outcome).toBe("FAIL");
    expect(verdict.text.split("\n")).toEqual([
      "mouth_to_ear_ms p(99)<400: measured 612.4 ms (n = 120,000)",
      "lost rate<0.01: measured 0.0312 (n = 120,000)",
      "join_ms p(95)<2000: no samples (n = 0), which fails",
    ]);
  });

  test("one that failed brings along when packets were lost", () => {
    const seconds = good.seconds.map((s) => ({ ...s, lost: s.second % 10 === 3 ? 4000 : 0 }));
    const verdict = decide({ thresholds: [failed], seconds });
    expect(verdict.codes).toEqual([
      "threshold",
      "loss-interval",
      "loss-interval",
      "loss-interval",
      "loss-interval",
    ]);
    expect(verdict.text).toContain("1 s from second 3: 20 % lost (4,000 of 20,000 packets)");
    expect(verdict.text).toContain("And in 3 more stretches.");
    expect(decide({ seconds }).outcome).toBe("PASS");
  });

  test("broken sessions fail a run unless a threshold says how many may break", () => {
    const failures = [{ cause: "disconnected", message: "", count: 2 }] as const;
    const verdict = decide({ failures });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["sessions-broken"] });
    expect(verdict.text).toContain("2 sessions broke: 2 disconnected after joining");
    const missed = { ...met, metric: "session_errors", expression: "count==0", measured: 2, ok: false };
    expect(decide({ failures, thresholds: [missed] }).codes).toEqual(["threshold", "sessions-broken"]);
    const governed = { ...met, metric: "session_ok", expression: "rate>0.98", measured: 0.99 };
    expect(decide({ failures, thresholds: [met, governed] }).outcome).toBe("PASS");
  });
});

describe("real browsers beside the participants", () => {
  const two = { planned: 2, started: 2, ok: 2, problems: [] };

  test("that all got through leave the verdict to the rest", () => {
    expect(decide({ browsers: two })).toMatchObject({ outcome: "PASS" });
  });

  test("of which one did not is FAIL, and says what it said", () => {
    const verdict = decide({ browsers: { ...two, ok: 1, problems: ["browser 1: it heard nothing"] } });
    expect(verdict).toMatchObject({ outcome: "FAIL", codes: ["browsers-broken"] });
    expect(verdict.text).toBe("1 of 2 browsers did not get through: browser 1: it heard nothing.");
  });

  test("of which one never said how it went is INVALID: the harness did not start it", () => {
    const limits = evaluateHarnessLimits({ ...healthyMeasures, browsers: { planned: 2, started: 1 } });
    expect(decide({ browsers: { ...two, started: 1, ok: 1 }, limits })).toMatchObject({
      outcome: "INVALID",
      codes: ["harness-limit"],
    });
  });
});

describe("a storm of signalling, without media", () => {
  const decideStorm = (change: Partial<VerdictFacts>): { outcome: string; codes: string[] } => {
    const { outcome, reasons } = decideVerdict({ ...goodStorm, ...change });
    return { outcome, codes: reasons.map(({ code }) => code) };
  };

  test("is PASS in order, with neither agent nor packets", () => {
    expect(decideStorm({})).toEqual({ outcome: "PASS", codes: [] });
  });

  test("that nobody got into is FAIL by the system, and says nothing of hearing", () => {
    const refused = [{ cause: "refused" as const, message: "room-full", count: 200 }];
    expect(decideStorm({ joined: { stage: 0, audience: 0 }, failures: refused })).toEqual({
      outcome: "FAIL",
      codes: ["no-participant-connected"],
    });
  });

  test("that nobody even tried is INVALID", () => {
    const { outcome, codes } = decideStorm({ joined: { stage: 0, audience: 0 } });
    expect(outcome).toBe("INVALID");
    expect(codes).toContain("no-samples");
  });

  test("with a broken threshold is FAIL, under a late k6 INVALID", () => {
    expect(decideStorm({ thresholds: [failed] })).toEqual({ outcome: "FAIL", codes: ["threshold"] });
    expect(decideStorm({ thresholds: [failed], limits: starvedLimits }).outcome).toBe("INVALID");
  });
});
