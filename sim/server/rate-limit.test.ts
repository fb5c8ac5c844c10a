import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { monotonicMs } from "../util/clock.ts";
import { RateLimits, TokenBuckets, type LimitSettings } from "./rate-limit.ts";

function stoppedClock() {
  const clock = { at: 0, now: () => monotonicMs(clock.at) };
  return clock;
}

describe("a token bucket", () => {
  test("gives a burst, then refuses until the time that it said", () => {
    const clock = stoppedClock();
    const buckets = new TokenBuckets({ allowance: { burst: 3, perSecond: 2 }, clock, maxKeys: 9 });
    expect([1, 2, 3].map(() => buckets.take("a"))).toEqual([0, 0, 0]);
    expect(buckets.take("a")).toBe(500);
    clock.at = 499;
    expect(buckets.take("a")).toBe(1);
    clock.at = 500;
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("a")).toBe(500);
  });

  test("is each key's own", () => {
    const clock = stoppedClock();
    const buckets = new TokenBuckets({ allowance: { burst: 1, perSecond: 1 }, clock, maxKeys: 9 });
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("b")).toBe(0);
    expect(buckets.take("a")).toBeGreaterThan(0);
  });

  test("never gives more than its burst and its rate, whenever it is asked, nor less to who waits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 }),
        (burst, perSecond, pauses) => {
          const clock = stoppedClock();
          const buckets = new TokenBuckets({ allowance: { burst, perSecond }, clock, maxKeys: 9 });
          let given = 0;
          for (const pauseMs of pauses) {
            clock.at += pauseMs;
            const retryAfterMs = buckets.take("a");
            if (retryAfterMs === 0) given++;
            else {
              clock.at += retryAfterMs;
              expect(buckets.take("a")).toBe(0);
              given++;
            }
            expect(given).toBeLessThanOrEqual(burst + (clock.at / 1000) * perSecond + 1e-6);
          }
        },
      ),
    );
  });

  test("keeps no more keys than it may, whoever asks, and forgets who is full", () => {
    const clock = stoppedClock();
    const buckets = new TokenBuckets({ allowance: { burst: 2, perSecond: 1 }, clock, maxKeys: 100 });
    for (let index = 0; index < 1000; index++) buckets.take(`address ${index}`);
    expect(buckets.size).toBe(100);
    clock.at = 5000;
    buckets.take("another");
    expect(buckets.size).toBe(1);
  });

  test("a refusal does not make the wait longer", () => {
    const clock = stoppedClock();
    const buckets = new TokenBuckets({ allowance: { burst: 1, perSecond: 1 }, clock, maxKeys: 9 });
    buckets.take("a");
    for (let time = 0; time < 50; time++) expect(buckets.take("a")).toBe(1000);
  });
});

describe("the server's limits", () => {
  const one = { burst: 1, perSecond: 1 };
  const settings: LimitSettings = {
    byAddress: { join: one, message: null },
    byAccount: { join: one, message: one, hand: one },
    exemptLoopback: true,
    maxKeys: 100,
  };
  const create = (changes: Partial<LimitSettings> = {}) => {
    const refused: string[] = [];
    const limits = new RateLimits({
      settings: { ...settings, ...changes },
      clock: stoppedClock(),
      onRefused: (act, by) => refused.push(`${act} by ${by}`),
    });
    return { limits, refused };
  };
  const tooMany = expect.objectContaining({ code: "too-many-requests", retryAfterMs: 1000 });

  test("are for each act by itself, and a refusal says when to try again", () => {
    const { limits, refused } = create();
    limits.requireByAccount("hand", "a");
    limits.requireByAccount("message", "a");
    expect(() => {
      limits.requireByAccount("hand", "a");
    }).toThrow(tooMany);
    limits.requireByAccount("hand", "b");
    expect(refused).toEqual(["hand by account"]);
  });

  test("take all of an IPv6 network for one", () => {
    const { limits } = create();
    limits.requireByAddress("join", "2001:db8::1");
    expect(() => {
      limits.requireByAddress("join", "2001:db8::2");
    }).toThrow(tooMany);
  });

  test("let loopback pass where it is exempt, and only there", () => {
    const exempt = create().limits;
    for (let time = 0; time < 50; time++) exempt.requireByAddress("join", "127.0.0.1");
    const { limits } = create({ exemptLoopback: false });
    limits.requireByAddress("join", "127.0.0.1");
    expect(() => {
      limits.requireByAddress("join", "127.0.0.1");
    }).toThrow(tooMany);
  });

  test("that are null limit nothing", () => {
    const { limits } = create();
    for (let time = 0; time < 50; time++) limits.requireByAddress("message", "198.51.100.7");
  });
});
