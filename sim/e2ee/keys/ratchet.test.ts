import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { monotonicMs } from "../../util/clock.ts";
import { KeyDistributor, defaultActivationMs } from "./key-distributor.ts";
import { KeyMember } from "./key-member.ts";
import { stepOf, stepsPerEpoch } from "./kid.ts";
import { ratchetTo } from "./ratchet.ts";
import { RoomSecrets, oldGenerationLifetimeMs } from "./room-secrets.ts";

const secret = new Uint8Array(32).fill(5);
const at = monotonicMs;

describe("the ratchet", () => {
  test("comes to the same by one way and by several, and never to what it came from", () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.nat({ max: 40 }), (one, other) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        const direct = ratchetTo(high, 0, secret);
        expect(ratchetTo(high, low, ratchetTo(low, 0, secret))).toEqual(direct);
        if (high > 0) expect(direct).not.toEqual(secret);
      }),
    );
  });
});

describe("secrets that are held", () => {
  test("give those of later steps of their epoch, and of no other generation", () => {
    const secrets = new RoomSecrets();
    secrets.add(stepsPerEpoch + 3, secret, at(0));
    expect(secrets.peek(stepsPerEpoch + 5, at(0))).toEqual(
      ratchetTo(stepsPerEpoch + 5, stepsPerEpoch + 3, secret),
    );
    for (const other of [0, stepsPerEpoch + 2, 2 * stepsPerEpoch]) {
      expect(secrets.peek(other, at(0))).toBeNull();
      expect(secrets.follow(other, at(0))).toBeNull();
    }
    expect(secrets.held(at(0))).toHaveLength(1);
  });

  test("age once a later step is followed to, not when one is only looked at", () => {
    const secrets = new RoomSecrets();
    secrets.add(0, secret, at(0));
    secrets.peek(200, at(0));
    expect([secrets.newest, secrets.nextExpiryAt]).toEqual([0, null]);
    secrets.follow(1, at(1000));
    expect(secrets.expire(at(1000 + oldGenerationLifetimeMs))).toEqual([0]);
    expect(secrets.newest).toBe(1);
    expect(secrets.follow(1, at(0))).toBeNull();
  });

  test("of the epoch before the newest can still be followed, and go with it", () => {
    const secrets = new RoomSecrets();
    secrets.add(0, secret, at(0));
    secrets.add(stepsPerEpoch, new Uint8Array(32).fill(6), at(5000));
    expect(secrets.follow(2, at(6000))).toEqual(ratchetTo(2, 0, secret));
    expect(secrets.newest).toBe(stepsPerEpoch);
    expect(new Set(secrets.expire(at(5000 + oldGenerationLifetimeMs)))).toEqual(new Set([0, 2]));
  });
});

describe("a distributor that ratchets", () => {
  const make = (): KeyDistributor =>
    new KeyDistributor({ roomId: "room", ratchetIntervalMs: 1000, rekeyWindowMs: 5000, nowMs: at(0) });

  function welcomed(distributor: KeyDistributor, nowMs: number) {
    const member = new KeyMember();
    member.joined({ roomId: "room", participantId: "lea" });
    const outcome = distributor.welcome({ participantId: "lea", publicKey: member.publicKey }, at(nowMs));
    if (outcome.kind !== "sealed") throw new Error("refused");
    const opened = member.open(outcome.sealed);
    if (opened.kind !== "secret") throw new Error("not opened");
    return opened;
  }

  test("does so once an interval at most, and welcomes with what came of it", () => {
    const distributor = make();
    const { secret: first } = distributor.current;
    expect(distributor.ratchet(at(999))).toBeNull();
    expect(distributor.ratchet(at(1000))).toEqual({ generation: 1, secret: ratchetTo(1, 0, first) });
    expect(distributor.ratchet(at(1500))).toBeNull();
    expect(welcomed(distributor, 1500)).toMatchObject({ generation: 1, secret: ratchetTo(1, 0, first) });
  });

  test("gives a newcomer both secrets while speakers have not changed over, and one before and after", () => {
    const distributor = make();
    expect(welcomed(distributor, 0).spoken).toBeNull();
    distributor.rekey(at(3000));
    distributor.ratchet(at(3100));
    const during = welcomed(distributor, 3100);
    expect([during.generation, during.spoken?.generation]).toEqual([stepsPerEpoch, 1]);
    const after = welcomed(distributor, 3000 + defaultActivationMs);
    expect([after.generation, after.spoken]).toEqual([stepsPerEpoch, null]);
  });

  test("owes a fresh secret when an epoch has no more steps", () => {
    const distributor = make();
    for (let step = 1; step < stepsPerEpoch; step++) distributor.ratchet(at(step * 1000));
    expect(stepOf(distributor.current.generation)).toBe(stepsPerEpoch - 1);
    expect(distributor.rekeyDue).toBe(false);
    expect(distributor.ratchet(at(1e6))).toBeNull();
    expect(distributor.rekeyDueAt).toBe(1e6);
  });
});
