import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureCauses } from "../protocol/fleet.ts";
import { failed, good, healthyLimits, met, starvedLimits } from "./_good-facts.ts";
import type { VerdictFacts } from "./facts.ts";
import { evaluateHarnessLimits } from "./harness-limits.ts";
import { decideVerdict } from "./outcome.ts";

describe("for any facts", () => {
  const small = fc.nat(3);
  const ratio = fc.option(fc.double({ min: 0, max: 2, noNaN: true }));
  const seconds = fc.option(fc.constantFrom(0.001, 0.03, 5));
  const facts: fc.Arbitrary<VerdictFacts> = fc.record({
    systemFailure: fc.oneof(
      { weight: 3, arbitrary: fc.constant(null) },
      fc.record({
        kind: fc.constant("exited" as const),
        what: fc.string(),
        how: fc.string(),
        atSecond: fc.option(fc.nat(60)),
      }),
      fc.record({
        kind: fc.constant("unreachable" as const),
        address: fc.string(),
        detail: fc.string(),
      }),
    ),
    interrupted: fc.boolean(),
    planned: fc.record({ stage: small, audience: small }),
    joined: fc.record({ stage: small, audience: small }),
    failures: fc.array(
      fc.record({
        cause: fc.constantFrom(...failureCauses),
        message: fc.string(),
        count: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 2 },
    ),
    media: fc.boolean(),
    browsers: fc.option(
      fc.record({
        planned: small,
        started: small,
        ok: small,
        problems: fc.array(fc.string(), { maxLength: 4 }),
      }),
    ),
    talkPlanned: fc.boolean(),
    packets: fc.record({ sent: small, expected: small, received: small, heard: small }),
    strangers: fc.array(fc.string(), { maxLength: 2 }),
    deaf: fc.record({ count: small, names: fc.array(fc.string(), { maxLength: 3 }) }),
    seconds: fc.array(fc.record({ second: fc.nat(20), expected: fc.nat(100), lost: fc.nat(100) }), {
      maxLength: 9,
    }),
    longestStallSeconds: seconds,
    hosts: fc.record({
      expected: fc.subarray(["stage", "audience-0"]),
      reported: fc.subarray(["stage", "audience-0"]),
    }),
    agentDeath: fc.option(fc.string()),
    k6: fc.record({
      exitCode: fc.constantFrom(0, 0, 99, 107, null),
      detail: fc.string(),
      exception: fc.option(fc.string()),
      summary: fc.boolean(),
      abortedByThreshold: fc.boolean(),
    }),
    limits: fc.oneof(
      fc.constant(healthyLimits),
      fc
        .record({
          lateSend: fc.record({ p99: seconds, p999: seconds }),
          eventLoopDelay: fc.array(fc.record({ host: fc.string(), p99: seconds }), {
            maxLength: 2,
          }),
          machineBusyRatio: ratio,
          heardPackets: fc.constantFrom(0, 1000),
          mouthToEarCoverage: ratio,
          digestsSent: small,
          digestsReceived: fc.option(small),
          droppedIterations: fc.option(small),
          stage: fc.record({ planned: small, started: small }),
          audience: fc.record({ planned: small, started: small }),
          browsers: fc.option(fc.record({ planned: small, started: small })),
        })
        .map(evaluateHarnessLimits),
    ),
    thresholds: fc.array(fc.constantFrom(met, met, failed, { ...met, n: 0 }, { ...met, measured: null }), {
      maxLength: 3,
    }),
  });
  /** Mutations of a good run, so that PASS is reached often enough to be tested. */
  const nearlyGood = fc
    .tuple(facts, fc.subarray(Object.keys(good) as (keyof VerdictFacts)[], { maxLength: 2 }))
    .map(([drawn, keys]): VerdictFacts => ({
      ...good,
      ...Object.fromEntries(keys.map((key) => [key, drawn[key]])),
    }));

  test("PASS means: alive, uninterrupted, complete, within limits, every threshold met on samples", () => {
    fc.assert(
      fc.property(fc.oneof(facts, nearlyGood), (drawn) => {
        const { outcome, reasons } = decideVerdict(drawn);
        expect(reasons.length === 0).toBe(outcome === "PASS");
        if (outcome !== "PASS") return;
        expect(drawn.systemFailure).toBeNull();
        expect(drawn.interrupted).toBe(false);
        expect(drawn.limits.length).toBeGreaterThan(0);
        expect(drawn.limits.every(({ ok }) => ok)).toBe(true);
        expect(drawn.thresholds.length).toBeGreaterThan(0);
        expect(drawn.thresholds.every(({ ok, n, measured }) => ok && n > 0 && measured !== null)).toBe(true);
        expect(drawn.joined.stage + drawn.joined.audience).toBeGreaterThan(0);
        expect([0, 99]).toContain(drawn.k6.exitCode);
        expect(drawn.hosts.expected.every((name) => drawn.hosts.reported.includes(name))).toBe(true);
        if (drawn.talkPlanned && drawn.planned.audience > 0) expect(drawn.packets.heard).toBeGreaterThan(0);
        expect(drawn.deaf.count).toBe(0);
        if (drawn.browsers !== null) expect(drawn.browsers.ok).toBeGreaterThanOrEqual(drawn.browsers.started);
        expect(drawn.strangers).toEqual([]);
        expect(drawn.k6.exception).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  test("a death or a stranger seen is FAIL, and a starved harness without one is INVALID", () => {
    fc.assert(
      fc.property(facts, (drawn) => {
        const { outcome } = decideVerdict(drawn);
        if (drawn.systemFailure !== null || drawn.strangers.length > 0) expect(outcome).toBe("FAIL");
        else if (decideVerdict({ ...drawn, limits: starvedLimits }).outcome !== "INVALID") {
          throw new Error("a starved harness was believed");
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("no message says undefined, NaN or null", () => {
    fc.assert(
      fc.property(facts, (drawn) => {
        const harmless = {
          ...drawn,
          failures: drawn.failures.map((failure) => ({ ...failure, message: "" })),
        };
        for (const { message } of decideVerdict({ ...harmless, systemFailure: null }).reasons) {
          expect(message).not.toMatch(/undefined|NaN|null|Infinity/);
        }
      }),
    );
  });
});
