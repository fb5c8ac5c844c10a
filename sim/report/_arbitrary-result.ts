/** Any result that the schema allows, for property tests: figures missing here and there, hostile text everywhere. */
import fc from "fast-check";
import { figureIds } from "../protocol/figures.ts";
import { failureCauses } from "../protocol/fleet.ts";
import { outcomes, resultSchemaVersion } from "../protocol/result.ts";
import type { Distribution, Result } from "../protocol/result.ts";
import { Histogram } from "../util/histogram.ts";
import type { HistogramSnapshot } from "../util/histogram.ts";

const count = fc.oneof(fc.constant(0), fc.nat(1000), fc.nat(2_000_000_000));
const amount = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true }));
const seconds = fc.option(amount, { freq: 2 });
const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 });
/** Words that reports must not say by themselves are not put into their mouths. */
const text = fc
  .oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom(
      `<script>alert("1")</script>`,
      `"><img src=x onerror='alert(1)'>`,
      "a | b & c ]]> \u0000\u001b[31m\u202e",
      "x".repeat(300),
      "[link](http://example.org) @someone `code`\n# heading",
    ),
  )
  .filter((value) => !/null|NaN|undefined|Infinity/i.test(value));

const distribution: fc.Arbitrary<Distribution> = fc.record({
  n: count,
  coverage: share,
  min: seconds,
  mean: seconds,
  p50: seconds,
  p95: seconds,
  p99: seconds,
  p999: seconds,
  max: seconds,
});

const histogram: fc.Arbitrary<HistogramSnapshot> = fc.array(amount, { maxLength: 20 }).map((values) => {
  const filled = new Histogram();
  for (const value of values) filled.observe(value);
  return filled.snapshot();
});

const causes = fc.constantFrom(...failureCauses);

export const arbitraryResult: fc.Arbitrary<Result> = fc.record({
  schema: fc.constant(resultSchemaVersion),
  runId: text,
  startedAt: fc.oneof(fc.constant("2026-11-24T10:00:00.000Z"), text),
  durationSeconds: amount,
  verdict: fc.record({
    outcome: fc.constantFrom(...outcomes),
    reasons: fc.array(fc.record({ code: text, message: text }), { maxLength: 12 }),
  }),
  scenario: text,
  profile: text,
  seed: text,
  plan: fc.constant(null),
  participants: fc.record({
    speakers: count,
    listeners: count,
    joined: count,
    failed: count,
    failures: fc.array(fc.record({ cause: causes, message: text, count }), { maxLength: 3 }),
  }),
  packets: fc.record({
    sent: count,
    expected: count,
    received: count,
    lost: count,
    late: count,
    duplicate: count,
    edge: count,
    unsent: count,
  }),
  lostRatio: share,
  lateRatio: share,
  lossIntervals: fc.array(
    fc.record({ fromSecond: fc.nat(5000), toSecond: fc.nat(5000), lost: count, expected: count }),
    { maxLength: 10 },
  ),
  interruptions: fc.record({
    resumes: count,
    awaySeconds: distribution,
    mediaRestarts: count,
    mediaRestartSeconds: distribution,
  }),
  signalling: fc.option(
    fc.record({ clients: count, joinSeconds: distribution, answerSeconds: distribution }),
  ),
  browsers: fc.option(
    fc.record({
      planned: count,
      started: count,
      ok: count,
      problems: fc.array(text, { maxLength: 3 }),
      joinSeconds: distribution,
      mouthToEarSeconds: distribution,
      outputSeconds: fc.option(amount),
      uncertaintySeconds: fc.option(amount),
      playoutDelaySeconds: distribution,
      concealedRatios: distribution,
      energyRatios: distribution,
      simulated: fc.record({
        joinSeconds: distribution,
        mouthToEarSeconds: distribution,
        playoutDelaySeconds: distribution,
        lateRatio: share,
      }),
      modelLessReal: fc.record({
        mouthToEarSeconds: fc.option(fc.double({ min: -10, max: 10, noNaN: true })),
        playoutDelaySeconds: fc.option(fc.double({ min: -10, max: 10, noNaN: true })),
      }),
    }),
  ),
  mouthToEarSeconds: distribution,
  pathDelaySeconds: distribution,
  playoutDelaySeconds: distribution,
  joinSeconds: distribution,
  firstSoundSeconds: distribution,
  e2ee: fc.record({
    enabled: fc.boolean(),
    suite: text,
    encryptSeconds: distribution,
    decryptSeconds: distribution,
    keyGapSeconds: distribution,
    overheadBytesPerFrame: fc.option(amount),
    encryptedFrames: count,
    decryptedFrames: count,
    failures: fc.dictionary(text, count, { maxKeys: 3 }),
    rekeys: count,
    sealedMessages: count,
    sealSeconds: amount,
    strangers: fc.array(text, { maxLength: 3 }),
  }),
  egress: fc.record({
    coverage: fc.constant("sockets" as const),
    note: text,
    destinations: fc.array(
      fc.record({
        address: text,
        port: fc.nat(65_535),
        protocol: fc.constantFrom("tcp" as const, "udp" as const),
        purpose: fc.constantFrom("media" as const, "signalling" as const, "control" as const),
        process: text,
        connections: count,
      }),
      { maxLength: 3 },
    ),
  }),
  harness: fc.record({
    lateSendSeconds: distribution,
    eventLoopDelaySeconds: distribution,
    cpu: fc.record({
      machineBusyRatio: share,
      processes: fc.array(
        fc.record({
          name: text,
          pid: count,
          cpuSeconds: amount,
          wallSeconds: amount,
          maxRssBytes: fc.option(amount),
        }),
        { maxLength: 3 },
      ),
      workerSecondsPerForwardedPacket: seconds,
      audienceSecondsPerReceivedPacket: seconds,
    }),
    k6: fc.record({
      exitCode: fc.option(fc.nat(255)),
      droppedIterations: fc.option(count),
      digestsSent: count,
      digestsReceived: fc.option(count),
    }),
    limits: fc.array(
      fc.record({
        id: text,
        name: text,
        unit: fc.constantFrom("seconds" as const, "ratio" as const, "count" as const),
        bound: fc.constantFrom("at-most" as const, "at-least" as const),
        limit: amount,
        measured: fc.option(amount),
        ok: fc.boolean(),
        hint: text,
      }),
      { maxLength: 9 },
    ),
  }),
  thresholds: fc.array(
    fc.record({
      metric: fc.oneof(fc.constantFrom("mouth_to_ear_ms", "lost", "sframe_overhead", "data_sent"), text),
      expression: fc.oneof(fc.constantFrom("p(99)<400", "rate<0.01", "p(50)<=0"), text),
      source: fc.constantFrom("exact" as const, "k6" as const),
      n: count,
      measured: fc.option(amount),
      k6Measured: fc.option(amount),
      ok: fc.boolean(),
    }),
    { maxLength: 12 },
  ),
  timeline: fc.array(
    fc.record({
      second: fc.integer({ min: -2, max: 5000 }),
      inRoom: count,
      joined: count,
      left: count,
      failed: count,
      sent: count,
      expected: count,
      received: count,
      lost: count,
      late: count,
      mouthToEarP50: seconds,
      mouthToEarP95: seconds,
      mouthToEarP99: seconds,
    }),
    { maxLength: 12 },
  ),
  worstListeners: fc.array(
    fc.record({
      index: count,
      name: text,
      expected: count,
      lost: count,
      late: count,
      refused: count,
      deaf: fc.boolean(),
      mouthToEarP99Seconds: seconds,
      failure: fc.option(causes),
    }),
    { maxLength: 4 },
  ),
  histograms: fc.dictionary(fc.constantFrom(...figureIds), histogram, { maxKeys: 5 }),
  environment: fc.record({
    soundcheck: text,
    node: text,
    k6: text,
    mediasoup: text,
    worker: text,
    nodeDatachannel: text,
    os: text,
    cpuModel: text,
    cores: count,
    memoryBytes: count,
    scenarioHash: text,
    command: text,
  }),
});
