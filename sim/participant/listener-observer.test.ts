import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { kidOf } from "../e2ee/keys/kid.ts";
import { deriveSFrameKey } from "../e2ee/sframe/key.ts";
import { SFrameSender } from "../e2ee/sframe/sender.ts";
import { frameMs } from "../util/opus-frame.ts";
import { zeroCounts, type ListenerCounts } from "./listener-engine.ts";
import { firstKeyGraceMs, missingStreamGraceMs } from "./listener-observer.ts";
import { incoming, ObserverBench, range } from "./_observer-bench.ts";

const pathMs = 2;

/** A listener connected at 1000 ms, who hears stream `s` (SSRC 7) of which frames 0 to 199 were sent (0 to 4000 ms). */
function listening(options: { encrypted?: boolean } = {}): ObserverBench {
  const bench = new ObserverBench(options);
  bench.account("s", range(0, 200), 200, true);
  bench.observer.addStream(incoming("s", 7), 900);
  bench.observer.connected(1000);
  return bench;
}

function deliverAll(bench: ObserverBench, frames: readonly number[], ssrc = 7): void {
  for (const frame of frames) bench.deliver(ssrc, frame, frame * frameMs + pathMs);
}

describe("a listener", () => {
  test("to whom no stream is brought, or a stream of which nothing comes, is deaf", () => {
    const bench = new ObserverBench();
    bench.account("s", range(0, 200), 200, true);
    bench.observer.connected(0);
    bench.observer.settle(10_000);
    expect(bench.observer.deaf).toBe(true);
    const silent = listening();
    silent.observer.settle(10_000);
    expect(silent.observer.deaf).toBe(true);
  });

  test("whose stream the server pauses while its speaker speaks on is deaf, though nothing was expected", () => {
    const bench = listening();
    bench.observer.pauseStream("consumer of s", true, 1000);
    bench.observer.settle(10_000);
    expect(bench.observer.counts.expected).toBe(0);
    expect(bench.observer.deaf).toBe(true);
  });

  test("without the key is deaf, though every packet comes", () => {
    const bench = listening({ encrypted: true });
    deliverAll(bench, range(50, 200));
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ lost: 0, refused: 150 });
    expect(bench.observer.deaf).toBe(true);
  });

  test("is not deaf who heard one frame, or was there while less than a second was spoken", () => {
    const bench = listening();
    deliverAll(bench, [60]);
    bench.observer.settle(10_000);
    expect(bench.observer.deaf).toBe(false);
    const brief = listening();
    // The grace leaves 49 frames.
    brief.observer.closed(1000 + missingStreamGraceMs + 49 * frameMs);
    brief.observer.settle(10_000);
    expect(brief.observer.deaf).toBe(false);
    const mute = new ObserverBench();
    mute.observer.connected(0);
    mute.account("s", [], 500);
    mute.observer.settle(10_000);
    expect(mute.observer.deaf).toBe(false);
  });
});

describe("loss", () => {
  test("is what was sent while the listener was connected, less what came", () => {
    const bench = listening();
    deliverAll(
      bench,
      range(0, 200).filter((frame) => frame % 10 !== 0),
    );
    bench.observer.settle(10_000);
    // Frames 50 to 199 were due while connected; every tenth did not come. 45 came before the listener was connected.
    expect(bench.observer.counts).toMatchObject({ expected: 150, received: 135, lost: 15, edge: 45 });
  });

  test("is counted for the seconds in which the frames were due", () => {
    const bench = listening();
    deliverAll(bench, range(0, 100));
    bench.observer.settle(10_000);
    const lost = [...bench.seconds]
      .filter(([, second]) => second.lost > 0)
      .map(([number, second]) => [number, second.lost]);
    expect(lost).toEqual([
      [2, 50],
      [3, 50],
    ]);
  });

  test("is not there for frames that the speaker did not send: silence is not loss", () => {
    const bench = new ObserverBench();
    bench.observer.addStream(incoming("s", 7), 0);
    bench.observer.connected(0);
    bench.account("s", [0, 1, 2, 20, 40], 100);
    deliverAll(bench, [0, 1, 2, 20, 40]);
    bench.observer.settle(2000);
    expect(bench.observer.counts).toMatchObject({ expected: 5, received: 5, lost: 0 });
  });

  test("is what was sent while the system had lost the listener's media, which then comes by another SSRC", () => {
    const bench = listening();
    deliverAll(bench, range(50, 100));
    bench.observer.reconnecting();
    deliverAll(bench, range(100, 120));
    bench.observer.addStream(incoming("s", 8, { consumerId: "another" }), 2600);
    deliverAll(bench, range(130, 200), 8);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 150, lost: 30, received: 120, edge: 20 });
  });

  test("is not of a stream that is paused by the time that media comes back", () => {
    const bench = listening();
    deliverAll(bench, range(50, 100));
    bench.observer.reconnecting();
    bench.observer.addStream(incoming("s", 8, { consumerId: "another", paused: true }), 2200);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 60, lost: 10 });
  });

  test("ends where the listener left", () => {
    const bench = listening();
    deliverAll(bench, range(50, 100));
    bench.observer.closed(2000);
    deliverAll(bench, range(100, 120));
    bench.observer.settle(2000);
    expect(bench.observer.counts).toMatchObject({ expected: 50, lost: 0, edge: 20 });
  });

  test("stays loss when the packet comes after it was settled; it is then counted for nothing else", () => {
    const bench = listening();
    deliverAll(bench, range(50, 99));
    bench.observer.settle(2000);
    expect(bench.observer.counts).toMatchObject({ expected: 50, lost: 1, edge: 0 });
    bench.deliver(7, 99, 6000);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 150, lost: 101, late: 0, edge: 1 });
  });
});

describe("what comes", () => {
  test("twice is a duplicate the second time", () => {
    const bench = listening();
    deliverAll(bench, [60, 61, 60, 60]);
    expect(bench.observer.counts).toMatchObject({ duplicate: 2 });
    expect(bench.observer.mouthToEar.n).toBe(2);
  });

  test("of a stream that nobody told of is counted for no window", () => {
    const bench = listening();
    deliverAll(bench, [60, 61], 99);
    expect(bench.observer.counts).toMatchObject({ edge: 2, duplicate: 0 });
    expect(bench.observer.mouthToEar.n).toBe(0);
  });

  test("long after its playout is late, and not lost", () => {
    const bench = listening();
    deliverAll(bench, range(50, 100));
    bench.deliver(7, 100, 100 * frameMs + 900);
    bench.observer.settle(2000 + frameMs);
    expect(bench.observer.counts).toMatchObject({ late: 1 });
    expect(bench.observer.takeDigest().samples.filter((outcome) => outcome === "late")).toHaveLength(1);
    expect(bench.seconds.get(2)?.late).toBe(1);
  });

  test("is as late as the way took, mouth to ear: frame and look-ahead, path, and the buffer's wait", () => {
    const bench = listening();
    deliverAll(bench, range(50, 200));
    const path = bench.totals.pathDelay;
    expect(path.min).toBeCloseTo(pathMs / 1000, 6);
    expect(path.max).toBeCloseTo(pathMs / 1000, 6);
    expect(bench.observer.mouthToEar.sum).toBeCloseTo(
      path.sum + bench.totals.playoutDelay.sum + path.n * 0.0265,
      6,
    );
  });

  test("first is first sound, from the instant of being connected", () => {
    const bench = listening();
    expect(bench.observer.takeDigest().firstSoundMs).toBeNull();
    deliverAll(bench, [40, 80, 81]);
    const { firstSoundMs } = bench.observer.takeDigest();
    // Frame 80 comes at 1602 ms and waits for 80 ms at most in a fresh buffer.
    expect(firstSoundMs).toBeGreaterThanOrEqual(602);
    expect(firstSoundMs).toBeLessThanOrEqual(682);
    deliverAll(bench, [82]);
    expect(bench.observer.takeDigest().firstSoundMs).toBe(firstSoundMs);
  });

  test("before the speaker's account is judged when that comes, as if it had been there", () => {
    const bench = new ObserverBench();
    bench.observer.addStream(incoming("s", 7), 0);
    bench.observer.connected(1000);
    deliverAll(bench, range(40, 60));
    expect(bench.observer.counts).toEqual({ ...zeroCounts(), edge: 20 });
    bench.account("s", range(40, 62), 61);
    bench.deliver(7, 60, 60 * frameMs + pathMs);
    expect(bench.observer.counts).toEqual({ ...zeroCounts(), edge: 10 });
    expect(bench.observer.mouthToEar.n).toBe(11);
    bench.observer.settle(3000);
    expect(bench.observer.counts).toMatchObject({ expected: 12, received: 11, lost: 1 });
  });
});

describe("a stream", () => {
  test("that the server never brings is lost, but for two seconds of grace", () => {
    const bench = new ObserverBench();
    bench.observer.connected(0);
    bench.account("s", range(0, 200), 200);
    bench.observer.settle(4000);
    const graceFrames = missingStreamGraceMs / frameMs;
    expect(bench.observer.counts).toMatchObject({ expected: 200 - graceFrames, lost: 200 - graceFrames });
  });

  test("that the server brings late is expected from then on", () => {
    const bench = new ObserverBench();
    bench.observer.connected(0);
    bench.account("s", range(0, 200), 200);
    bench.observer.settle(1000);
    bench.observer.addStream(incoming("s", 7), 1500);
    deliverAll(bench, range(75, 200));
    bench.observer.settle(5000);
    expect(bench.observer.counts).toMatchObject({ expected: 125, lost: 0, edge: 0 });
  });

  test("that ended before the listener came is not missed", () => {
    const bench = new ObserverBench();
    bench.account("s", range(0, 100), 100, true);
    bench.observer.connected(3000);
    bench.observer.settle(9000);
    expect(bench.observer.counts).toEqual(zeroCounts());
  });

  test("that the server takes away while the speaker speaks on is lost, but for the grace", () => {
    const bench = listening();
    deliverAll(bench, range(50, 75));
    bench.observer.removeStream("consumer of s", 75 * frameMs);
    bench.observer.settle(10_000);
    const goneFrames = 200 - 75 - missingStreamGraceMs / frameMs;
    expect(bench.observer.counts).toMatchObject({ expected: 25 + goneFrames, lost: goneFrames });
  });

  test("that goes as its speaker leaves is no loss", () => {
    const bench = new ObserverBench();
    bench.observer.addStream(incoming("s", 7), 0);
    bench.observer.connected(0);
    bench.account("s", range(0, 75), 75, true);
    deliverAll(bench, range(0, 75));
    bench.observer.removeStream("consumer of s", 1800);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 75, lost: 0 });
  });

  test("that goes and comes back under another SSRC is one stream", () => {
    const bench = listening();
    deliverAll(bench, range(50, 75));
    bench.observer.removeStream("consumer of s", 75 * frameMs);
    bench.observer.addStream(incoming("s", 8, { consumerId: "second" }), 80 * frameMs);
    deliverAll(bench, range(80, 200), 8);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 145, lost: 0, duplicate: 0 });
  });

  test("is not expected while it is paused", () => {
    const bench = listening();
    deliverAll(bench, range(50, 75));
    bench.observer.pauseStream("consumer of s", true, 75 * frameMs);
    bench.observer.pauseStream("consumer of s", true, 80 * frameMs);
    bench.observer.pauseStream("consumer of s", false, 100 * frameMs);
    deliverAll(bench, range(100, 200));
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({ expected: 125, lost: 0 });
  });

  test("that was paused when it was added is expected once it is resumed", () => {
    const bench = new ObserverBench();
    bench.account("s", range(0, 100), 100);
    bench.observer.addStream(incoming("s", 7, { paused: true }), 0);
    bench.observer.connected(0);
    bench.observer.pauseStream("consumer of s", false, 50 * frameMs);
    bench.observer.settle(2000);
    expect(bench.observer.counts).toMatchObject({ expected: 50, lost: 50 });
  });

  test.each([
    ["added", (bench: ObserverBench) => bench.observer.addStream(incoming("t", 9), 2100)],
    ["resumed", (bench: ObserverBench) => bench.observer.pauseStream("consumer of s", false, 2100)],
    ["removed", (bench: ObserverBench) => bench.observer.removeStream("consumer of s", 2100)],
  ])("%s after the listener has left is expected no more", (_what, act) => {
    const bench = listening();
    bench.account("t", range(0, 200), 200, true);
    deliverAll(bench, range(50, 100));
    bench.observer.closed(2000);
    act(bench);
    bench.observer.settle(2000);
    bench.observer.settle(9000);
    expect(bench.observer.counts).toMatchObject({ expected: 50, lost: 0 });
  });

  test("without an SSRC, and events of streams that are not known, change nothing", () => {
    const bench = listening();
    bench.observer.addStream(incoming("x", 1, { rtpParameters: { codecs: [] } }), 1000);
    bench.observer.removeStream("nobody", 1000);
    bench.observer.pauseStream("nobody", true, 1000);
    deliverAll(bench, range(50, 200));
    bench.observer.settle(9000);
    expect(bench.observer.counts).toMatchObject({ expected: 150, lost: 0 });
  });
});

describe("encryption", () => {
  const suite = "AES_128_GCM_SHA256_128";
  const keyOf = (generation: number) =>
    deriveSFrameKey({ suite, kid: kidOf(generation, 0), baseKey: new Uint8Array(16).fill(generation + 1) });

  test("without a key nothing is played, and each frame is refused by its cause", () => {
    const bench = listening({ encrypted: true });
    const sender = new SFrameSender(keyOf(0));
    for (const frame of range(50, 60))
      bench.deliver(7, frame, frame * frameMs + pathMs, sender.encrypt(Uint8Array.of(1)));
    bench.deliver(7, 60, 1202, Uint8Array.of(0x88));
    bench.observer.settle(4000);
    expect(bench.observer.mouthToEar.n).toBe(0);
    expect(bench.totals.decrypted).toBe(0);
    expect(bench.totals.refused).toEqual({ "unknown-key": 10, malformed: 1 });
    expect(bench.observer.counts).toMatchObject({ refused: 11, received: 11, lost: 139 });
  });

  test("with the key what is whole is played, and what was changed on the way is not", () => {
    const bench = listening({ encrypted: true });
    bench.observer.addKey(keyOf(0), 1000);
    const sender = new SFrameSender(keyOf(0));
    for (const frame of range(50, 60)) {
      const sealed = sender.encrypt(Uint8Array.of(1, 2, 3));
      if (frame === 55) sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
      bench.deliver(7, frame, frame * frameMs + pathMs, sealed);
    }
    expect(bench.observer.mouthToEar.n).toBe(9);
    expect(bench.totals.decrypted).toBe(9);
    expect(bench.totals.refused).toEqual({ authentication: 1 });
  });

  test("keys of a generation that is dropped open nothing any more, those of others do", () => {
    const bench = listening({ encrypted: true });
    bench.observer.addKey(keyOf(0), 1000);
    bench.observer.addKey(keyOf(1), 1000);
    bench.observer.dropKeys(0);
    bench.deliver(7, 50, 1002, new SFrameSender(keyOf(0)).encrypt(Uint8Array.of(1)));
    bench.deliver(7, 51, 1022, new SFrameSender(keyOf(1)).encrypt(Uint8Array.of(1)));
    expect(bench.totals.refused).toEqual({ "unknown-key": 1 });
    expect(bench.totals.decrypted).toBe(1);
  });

  test("a key that comes after the packet does not help it, though its account comes later still", () => {
    const bench = new ObserverBench({ encrypted: true });
    bench.observer.addStream(incoming("s", 7), 0);
    bench.observer.connected(0);
    bench.deliver(7, 1, 22, new SFrameSender(keyOf(0)).encrypt(Uint8Array.of(1)));
    bench.observer.addKey(keyOf(0), firstKeyGraceMs + 1);
    bench.account("s", [1], 10);
    bench.observer.settle(1000);
    expect(bench.observer.counts).toMatchObject({ expected: 1, received: 1, refused: 1 });
    expect(bench.observer.mouthToEar.n).toBe(0);
  });

  test("what was due before a first key that comes soon is not expected; from then on everything is", () => {
    const bench = listening({ encrypted: true });
    const sender = new SFrameSender(keyOf(0));
    for (const frame of range(50, 80)) {
      if (frame === 60) bench.observer.addKey(keyOf(0), 60 * frameMs - 1);
      if (frame !== 70) bench.deliver(7, frame, frame * frameMs + pathMs, sender.encrypt(Uint8Array.of(1)));
    }
    bench.observer.closed(80 * frameMs);
    bench.observer.settle(10_000);
    expect(bench.observer.counts).toMatchObject({
      expected: 20,
      received: 19,
      lost: 1,
      refused: 0,
      edge: 10,
    });
    expect(bench.observer.mouthToEar.n).toBe(19);
  });

  test("who waits for the first key too long should have heard all, whatever was settled or paused meanwhile", () => {
    const bench = listening({ encrypted: true });
    const sender = new SFrameSender(keyOf(0));
    const keyAtMs = 1000 + firstKeyGraceMs + 5;
    for (const frame of range(50, 150)) {
      const atMs = frame * frameMs + pathMs;
      if (frame === 60) bench.observer.pauseStream("consumer of s", true, 60 * frameMs);
      if (frame === 65) bench.observer.pauseStream("consumer of s", false, 65 * frameMs);
      if (atMs > keyAtMs && atMs <= keyAtMs + frameMs) bench.observer.addKey(keyOf(0), keyAtMs);
      bench.deliver(7, frame, atMs, sender.encrypt(Uint8Array.of(1)));
      bench.observer.settle(Math.floor((atMs - 500) / 1000) * 1000);
    }
    bench.observer.closed(150 * frameMs);
    bench.observer.settle(10_000);
    const refused = 51 - 5;
    expect(bench.observer.counts).toMatchObject({ expected: 95, received: 95, lost: 0, refused });
    expect(bench.observer.mouthToEar.n).toBe(95 - refused);
  });
});

describe("a listener's account", () => {
  const suite = "AES_128_CTR_HMAC_SHA256_32";
  const key = deriveSFrameKey({ suite, kid: 0, baseKey: new Uint8Array(16).fill(9) });
  const frames = 300;
  const ssrcs = [7, 8];

  /** Each frame of a stream: not sent, lost, garbled, or there after so many ms (and perhaps twice). */
  const fate = fc.oneof(
    { weight: 2, arbitrary: fc.constant("silent" as const) },
    { weight: 2, arbitrary: fc.constant("lost" as const) },
    {
      weight: 1,
      arbitrary: fc.record({
        delayMs: fc.double({ min: 0.05, max: 900, noNaN: true }),
        garbled: fc.constant(true),
        twice: fc.constant(false),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        delayMs: fc.double({ min: 0.05, max: 60, noNaN: true }),
        garbled: fc.constant(false),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        delayMs: fc.double({ min: 0.05, max: 3500, noNaN: true }),
        garbled: fc.constant(false),
        twice: fc.boolean(),
      }),
    },
  );
  const story = fc.record({
    fates: fc.array(fc.array(fate, { minLength: frames, maxLength: frames }), { minLength: 2, maxLength: 2 }),
    connectedAtMs: fc.double({ min: 0, max: 3000, noNaN: true }),
    staysMs: fc.double({ min: 0.001, max: 4000, noNaN: true }),
    keyAtMs: fc.double({ min: 0, max: 4000, noNaN: true }),
    accountDelayMs: fc.double({ min: 0, max: 400, noNaN: true }),
    pauses: fc.array(fc.tuple(fc.nat(1), fc.double({ min: 0, max: 6000, noNaN: true }), fc.boolean()), {
      maxLength: 6,
    }),
    digestsAtMs: fc.array(fc.double({ min: 0, max: 9000, noNaN: true }), { maxLength: 10 }),
    runStartMs: fc.double({ min: -1000, max: 0, noNaN: true }),
  });

  test("adds up: digests to totals, received and lost to expected, heard and late and refused to received", () => {
    fc.assert(
      fc.property(story, (told) => {
        const { fates, connectedAtMs, staysMs, keyAtMs, accountDelayMs, pauses, digestsAtMs, runStartMs } =
          told;
        const bench = new ObserverBench({ encrypted: true, runStartMs });
        const { observer } = bench;
        const senders = ssrcs.map(
          (_, index) =>
            new SFrameSender(deriveSFrameKey({ suite, kid: index, baseKey: new Uint8Array(16).fill(9) })),
        );
        const closedAtMs = connectedAtMs + staysMs;
        const steps: { atMs: number; act(): void }[] = [];
        const at = (atMs: number, act: () => void): void => {
          steps.push({ atMs, act });
        };
        at(connectedAtMs, () => {
          observer.connected(connectedAtMs);
        });
        at(closedAtMs, () => {
          observer.closed(closedAtMs);
        });
        at(keyAtMs, () => {
          for (const kid of [0, 1])
            observer.addKey(
              kid === 0 ? key : deriveSFrameKey({ suite, kid, baseKey: new Uint8Array(16).fill(9) }),
              keyAtMs,
            );
        });
        ssrcs.forEach((ssrc, index) => {
          const fatesOf = fates[index] ?? [];
          observer.addStream(incoming(`s${index}`, ssrc), 0);
          for (let through = 4; through < frames; through += 5) {
            const batch = range(through - 4, through + 1).filter((frame) => fatesOf[frame] !== "silent");
            at(through * frameMs + 1 + accountDelayMs, () => {
              bench.account(`s${index}`, batch, through, through === frames - 1);
            });
          }
          fatesOf.forEach((fateOf, frame) => {
            if (typeof fateOf === "string") return;
            const sealed = senders[index]?.encrypt(Uint8Array.of(frame & 0xff)) ?? new Uint8Array(0);
            if (fateOf.garbled) sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 0x40;
            const arrivalMs = frame * frameMs + fateOf.delayMs;
            for (const more of fateOf.twice ? [0, 7] : [0]) {
              at(arrivalMs + more, () => {
                bench.deliver(ssrc, frame, arrivalMs + more, sealed);
              });
            }
          });
        });
        for (const [index, atMs, paused] of pauses) {
          at(atMs, () => {
            observer.pauseStream(`consumer of s${index}`, paused, atMs);
          });
        }
        // As the engine settles: whole seconds, past the loss horizon, once the account is complete.
        for (let nowMs = 250; nowMs < closedAtMs; nowMs += 500) {
          at(nowMs, () => {
            const beforeMs = runStartMs + Math.floor((nowMs - 1500 - runStartMs) / 1000) * 1000;
            if (bench.ledger.isCompleteBefore(beforeMs)) observer.settle(beforeMs);
          });
        }
        const sums = zeroCounts();
        let samples = 0;
        const digest = (): void => {
          const taken = observer.takeDigest();
          for (const name of Object.keys(sums) as (keyof ListenerCounts)[]) sums[name] += taken.counts[name];
          samples += taken.samples.length;
        };
        for (const atMs of digestsAtMs) at(atMs, digest);
        at(closedAtMs + 1000, () => {
          observer.settle(closedAtMs);
        });
        for (const { act } of steps.toSorted((a, b) => a.atMs - b.atMs)) act();
        digest();

        const { expected, received, lost, late, refused } = observer.counts;
        expect(sums).toEqual(observer.counts);
        expect(received + lost).toBe(expected);
        expect(observer.mouthToEar.n + late).toBe(received - refused);
        // Every expected packet has one outcome in a sample of all.
        expect(samples).toBe(expected);
        // Second by second it is the same.
        const seconds = [...bench.seconds.values()];
        expect(seconds.reduce((sum, second) => sum + second.expected, 0)).toBe(expected);
        expect(seconds.reduce((sum, second) => sum + second.lost, 0)).toBe(lost);
        expect(seconds.reduce((sum, second) => sum + second.late, 0)).toBe(late);
        expect(bench.totals.mouthToEar.n).toBe(observer.mouthToEar.n);
      }),
      { numRuns: 60 },
    );
  });
});
