import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { signingKey } from "#primitives";
import { noSignatureKey, readRoster, signRoster } from "./roster.ts";
import type { Roster, RosterEntry } from "./roster.ts";
import { RosterTrust } from "./roster-trust.ts";
import { safetyNumber } from "./safety-number.ts";

const roomId = "room";
const [ada, bob, eve] = [signingKey(), signingKey(), signingKey()];
type Key = typeof ada;

function entry(participantId: string, seat: number, key?: Key): RosterEntry {
  const signatureKey = key === undefined ? noSignatureKey : Uint8Array.from(key.publicKey);
  return { participantId, seat, signatureKey };
}

function signed(sequence: number, key: Key, stage: readonly RosterEntry[], place = 0): Uint8Array {
  const distributor = stage[place];
  if (distributor === undefined) throw new Error("no distributor");
  const listeners = { count: 3, digest: new Uint8Array(32).fill(7) };
  return signRoster(roomId, { sequence, distributor, stage, listeners }, key);
}

/** Judged and, where trusted, accepted; the cause of a refusal otherwise. */
function take(trust: RosterTrust, message: Uint8Array): string {
  const judged = trust.judge(roomId, message);
  if (judged.kind === "refused") return judged.cause;
  trust.accept(judged);
  return judged.isVouched ? "vouched" : "unvouched";
}

describe("a signed roster", () => {
  test("is read as it was written, whoever is in it", () => {
    const anyEntry = fc.record({
      participantId: fc.string({ maxLength: 20 }),
      seat: fc.nat({ max: 1023 }),
      signatureKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 30 }),
        fc.integer({ min: 0, max: 2 ** 43 }),
        fc.nat({ max: 2 ** 31 }),
        (others, sequence, count) => {
          const distributor = entry("ada", 1, ada);
          const listeners = { count, digest: new Uint8Array(32).fill(9) };
          const roster: Roster = { sequence, distributor, stage: [...others, distributor], listeners };
          expect(readRoster(roomId, signRoster(roomId, roster, ada))).toEqual(roster);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("is refused when it is cut, prolonged, changed, of another room, signed by another, or noise", () => {
    const message = signed(5, ada, [entry("ada", 0, ada), entry("bob", 1, bob)]);
    for (let length = 0; length < message.length; length++) {
      expect(readRoster(roomId, message.subarray(0, length))).toBeNull();
    }
    expect(readRoster(roomId, Uint8Array.of(...message, 0))).toBeNull();
    for (let at = 0; at < message.length; at++) {
      const flipped = Uint8Array.from(message);
      flipped[at] = (flipped[at] ?? 0) ^ 0x04;
      expect(readRoster(roomId, flipped)).toBeNull();
    }
    expect(readRoster("elsewhere", message)).toBeNull();
    expect(readRoster(roomId, signed(5, eve, [entry("ada", 0, ada)]))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(readRoster(roomId, Uint8Array.of(4, ...noise))).toBeNull();
      }),
    );
  });
});

describe("a member believes", () => {
  test("the first roster, and from then on only keys of the last one", () => {
    const trust = new RosterTrust();
    trust.stageMember("ada", 0);
    trust.stageMember("bob", 1);
    expect(take(trust, signed(1, ada, [entry("ada", 0, ada), entry("bob", 1, bob)]))).toBe("vouched");
    expect(take(trust, signed(2, bob, [entry("bob", 1, bob)]))).toBe("vouched");
    // Ada is not in Bob's roster.
    expect(take(trust, signed(3, ada, [entry("ada", 0, ada)]))).toBe("untrusted");
    expect(take(trust, signed(3, eve, [entry("bob", 1, eve)]))).toBe("untrusted");
    expect(trust.unvouched).toBe(0);
  });

  test("no older roster, and the same one only of its own signer", () => {
    const trust = new RosterTrust();
    trust.stageMember("ada", 0);
    const stage = [entry("ada", 0, ada), entry("bob", 1, bob)];
    const first = signed(4, ada, stage);
    take(trust, first);
    expect(trust.judge(roomId, first)).toMatchObject({ kind: "trusted", isNew: false });
    expect(take(trust, signed(3, ada, stage))).toBe("stale");
    expect(take(trust, signed(4, bob, stage, 1))).toBe("untrusted");
  });

  test("a stranger once nobody of the last roster is on the stage, and counts it", () => {
    const trust = new RosterTrust();
    trust.stageMember("ada", 0);
    take(trust, signed(1, ada, [entry("ada", 0, ada)]));
    expect(take(trust, signed(2, eve, [entry("ada", 3, eve)]))).toBe("untrusted");
    trust.stageMemberLeft("ada");
    // Back, on another seat: by its key another, as far as anybody can tell.
    trust.stageMember("ada", 3);
    expect(take(trust, signed(2, eve, [entry("ada", 3, eve)]))).toBe("unvouched");
    expect(trust.unvouched).toBe(1);
  });

  test("nobody for a signature key that is none", () => {
    const trust = new RosterTrust();
    trust.stageMember("ada", 0);
    take(trust, signed(1, ada, [entry("ada", 0, ada), entry("page", 1)]));
    expect(readRoster(roomId, signed(2, eve, [entry("page", 1)]))).toBeNull();
  });
});

describe("a safety number", () => {
  const stage = [entry("ada", 0, ada), entry("bob", 1, bob)];

  test("is six groups of five digits, whatever the order and the seats", () => {
    const number = safetyNumber(roomId, stage);
    expect(number).toMatch(/^(\d{5} ){5}\d{5}$/u);
    expect(safetyNumber(roomId, stage.toReversed())).toBe(number);
    expect(safetyNumber(roomId, [entry("ada", 5, ada), entry("bob", 9, bob), entry("page", 2)])).toBe(number);
  });

  test("is another one for another key, name, room or stage", () => {
    const numbers = [
      safetyNumber(roomId, stage),
      safetyNumber("elsewhere", stage),
      safetyNumber(roomId, [entry("ada", 0, ada)]),
      safetyNumber(roomId, [entry("ada", 0, ada), entry("bob", 1, eve)]),
      safetyNumber(roomId, [entry("ada", 0, bob), entry("bob", 1, ada)]),
      safetyNumber(roomId, [entry("ad", 0, ada), entry("bob", 1, bob)]),
    ];
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
