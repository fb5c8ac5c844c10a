import fc from "fast-check";
import { describe, expect, test } from "vitest";

import * as browser from "./browser.ts";
import * as node from "./node.ts";
import type { Primitives } from "./types.ts";

const pairs: readonly [name: string, one: Primitives, other: Primitives][] = [
  ["node.ts and browser.ts", node, browser],
  ["browser.ts and node.ts", browser, node],
];
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const anyBytes = fc.uint8Array({ maxLength: 200 });
const plain = (value: Uint8Array | null): Uint8Array | null =>
  value === null ? null : Uint8Array.from(value);
const flipped = (value: Uint8Array, at: number): Uint8Array =>
  value.map((byte, index) => (index === at % value.length ? byte ^ 0x20 : byte));

describe.each(pairs)("%s give the same", (_, one, other) => {
  test("MACs, in whatever parts the message comes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("sha256" as const, "sha512" as const),
        anyBytes,
        anyBytes,
        fc.nat(200),
        (hash, key, message, cut) => {
          const [mine, theirs] = [one.hmacKey(hash, key), other.hmacKey(hash, key)];
          const expected = plain(theirs(message));
          expect(plain(mine(message.subarray(0, cut), message.subarray(cut)))).toEqual(expected);
          // A key serves again.
          expect(plain(mine(message))).toEqual(expected);
        },
      ),
    );
  });

  test("shared secrets, and none with a bad public key", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), (mine, theirs) => {
        const [here, there] = [one.agreementKey(mine), other.agreementKey(theirs)];
        expect(plain(here.publicKey)).toEqual(plain(other.agreementKey(mine).publicKey));
        expect(plain(here.agree(there.publicKey))).toEqual(plain(there.agree(here.publicKey)));
      }),
      { numRuns: 20 },
    );
    for (const bad of [new Uint8Array(32), new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)]) {
      expect(one.agreementKey().agree(bad)).toBeNull();
    }
  });

  test("signatures, which the other verifies and which hold for one key and message alone", () => {
    fc.assert(
      fc.property(bytes(32), anyBytes, fc.nat(), (seed, message, at) => {
        const key = one.signingKey(seed);
        const signature = key.sign(message);
        expect(plain(signature)).toEqual(plain(other.signingKey(seed).sign(message)));
        expect(other.verify(key.publicKey, message, signature)).toBe(true);
        expect(other.verify(key.publicKey, message, flipped(signature, at))).toBe(false);
        expect(other.verify(key.publicKey, Uint8Array.of(...message, 1), signature)).toBe(false);
        expect(other.verify(one.signingKey().publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 20 },
    );
    expect(one.verify(new Uint8Array(5), new Uint8Array(1), new Uint8Array(64))).toBe(false);
    expect(one.verify(one.signingKey().publicKey, new Uint8Array(1), new Uint8Array(5))).toBe(false);
  });

  test("key wraps, which open under the same key and initial value alone", () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(8),
        fc.integer({ min: 2, max: 9 }).chain((n) => bytes(n * 8)),
        fc.nat(),
        (key, initial, secret, at) => {
          const wrapped = one.wrapKey(key).wrap(initial, secret);
          expect(plain(wrapped)).toEqual(plain(other.wrapKey(key).wrap(initial, secret)));
          expect(plain(other.wrapKey(key).unwrap(initial, wrapped))).toEqual(secret);
          expect(other.wrapKey(key).unwrap(initial, flipped(wrapped, at))).toBeNull();
          expect(other.wrapKey(key).unwrap(flipped(initial, at), wrapped)).toBeNull();
          expect(other.wrapKey(flipped(key, at)).unwrap(initial, wrapped)).toBeNull();
        },
      ),
    );
    for (const length of [0, 8, 15, 16, 25]) {
      expect(one.wrapKey(new Uint8Array(32)).unwrap(new Uint8Array(8), new Uint8Array(length))).toBeNull();
    }
  });

  test("AES-GCM, which refuses what was changed", () => {
    fc.assert(
      fc.property(bytes(16), bytes(12), anyBytes, anyBytes, fc.nat(), (key, nonce, aad, text, at) => {
        const sealed = one.sealGcm({ key, nonce, aad }, text);
        expect(plain(sealed)).toEqual(plain(other.sealGcm({ key, nonce, aad }, text)));
        expect(plain(other.openGcm({ key, nonce, aad }, sealed))).toEqual(text);
        expect(other.openGcm({ key, nonce, aad }, flipped(sealed, at))).toBeNull();
        expect(
          other.openGcm({ key, nonce, aad: Uint8Array.of(...aad, 0) }, sealed.subarray(0, at % 16)),
        ).toBeNull();
      }),
    );
  });

  test("AES blocks, with one cipher for many calls", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 32).chain((n) => bytes(n)),
        fc.integer({ min: 1, max: 20 }).chain((n) => bytes(n * 16)),
        (key, blocks) => {
          const [mine, theirs] = [one.aesBlocks(key), other.aesBlocks(key)];
          for (let call = 0; call < 2; call++) expect(plain(mine(blocks))).toEqual(plain(theirs(blocks)));
        },
      ),
    );
  });

  test("amounts of random bytes and memory, never the same twice", () => {
    expect(one.randomBytes(32)).toHaveLength(32);
    expect(one.randomBytes(32)).not.toEqual(one.randomBytes(32));
    expect(one.allocate(17)).toHaveLength(17);
  });
});
