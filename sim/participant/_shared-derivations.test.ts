import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signingKey } from "#primitives";
import { ratchetTo } from "../e2ee/keys/ratchet.ts";
import { listenersDigest, readRoster, signRoster } from "../e2ee/keys/roster.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import { sharedBaseKey, sharedRatchetTo, sharedReadRoster } from "./_shared-derivations.ts";

const suite = "AES_128_GCM_SHA256_128";
const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("what is worked out once for a process", () => {
  test("is what each would have worked out, step by step and key by key, asked once or again", () => {
    fc.assert(
      fc.property(
        secret,
        fc.nat(200),
        fc.nat(5),
        fc.nat(2 ** 20),
        fc.string(),
        (bytes, from, more, kid, participantId) => {
          for (let again = 0; again < 2; again++) {
            expect(sharedRatchetTo(from + more, from, bytes)).toEqual(ratchetTo(from + more, from, bytes));
            const options = { secret: bytes, participantId, kid, suite } as const;
            expect(sharedBaseKey(options)).toEqual(speakerBaseKey(options));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("is another for whoever has another secret, participant, KID or suite", () => {
    const one = { secret: new Uint8Array(32), participantId: "a", kid: 1, suite } as const;
    const keys = [
      one,
      { ...one, secret: new Uint8Array(32).fill(1) },
      { ...one, participantId: "b" },
      { ...one, kid: 2 },
      { ...one, suite: "AES_256_GCM_SHA512_128" as const },
    ].map((options) => Buffer.from(sharedBaseKey(options)).toString("hex"));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("believes a roster no more than the signature allows, in its own room, however often it comes", () => {
    const key = signingKey();
    const self = { participantId: "host", seat: 0, signatureKey: key.publicKey };
    const listeners = { count: 0, digest: listenersDigest(new Map()) };
    const roster = signRoster("room", { sequence: 1, distributor: self, stage: [self], listeners }, key);
    const forged = Uint8Array.from(roster);
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    for (let again = 0; again < 2; again++) {
      expect(sharedReadRoster("room", roster)).toEqual(readRoster("room", roster));
      expect(sharedReadRoster("room", roster)).not.toBeNull();
      expect(sharedReadRoster("room", forged)).toBeNull();
      expect(sharedReadRoster("another", roster)).toBeNull();
      expect(sharedReadRoster("room", randomBytes(roster.length))).toBeNull();
    }
  });
});
