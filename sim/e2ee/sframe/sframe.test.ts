import { createCipheriv, createHmac, hkdfSync } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Uint64 } from "../uint64.ts";
import { encodeSFrameHeader } from "./header.ts";
import type { Engine } from "./engine.ts";
import { deriveSFrameKey } from "./key.ts";
import type { SFrameKey } from "./key.ts";
import { nodeEngine } from "./node-engine.ts";
import { SFrameReceiver, refusalCauses } from "./receiver.ts";
import type { Decrypted } from "./receiver.ts";
import { SFrameSender, sealFrame } from "./sender.ts";
import { cipherSuiteNames, suites } from "./suites.ts";
import type { CipherSuiteName } from "./suites.ts";
import { windowEngine } from "./window-engine.ts";

const baseKey = Uint8Array.from({ length: 16 }, (_, index) => index);
const frame = new TextEncoder().encode("an Opus frame, or so");

const engines = [nodeEngine, windowEngine];

function deriveKey(suite: CipherSuiteName, engine: Engine, kid: number | bigint = 300): SFrameKey {
  return deriveSFrameKey({ suite, kid, baseKey, engine });
}

function receiverOf(...keys: SFrameKey[]): SFrameReceiver {
  const receiver = new SFrameReceiver();
  for (const key of keys) receiver.addKey(key);
  return receiver;
}

function causeOf(decrypted: Decrypted): string {
  return decrypted.kind === "ok" ? "ok" : decrypted.cause;
}

const combinations = cipherSuiteNames.flatMap((suite) =>
  engines.map((engine) => ({ suite, engine, engineName: engine.name })),
);

describe.each(combinations)("SFrame with $suite by $engineName", ({ suite, engine }) => {
  const keyOf = (name: CipherSuiteName, kid?: number | bigint): SFrameKey => deriveKey(name, engine, kid);

  test("a receiver gets back what was sent, frame by frame", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 200 })),
        fc.uint8Array({ maxLength: 40 }),
        (frames, metadata) => {
          const key = keyOf(suite);
          const sender = new SFrameSender(key);
          const receiver = receiverOf(key);
          frames.forEach((plaintext, ctr) => {
            const decrypted = receiver.decrypt(sender.encrypt(plaintext, metadata), metadata);
            expect(decrypted).toEqual({ kind: "ok", kid: 300, ctr, plaintext: Buffer.from(plaintext) });
          });
        },
      ),
    );
  });

  test("an 80-byte frame grows by the header and the tag", () => {
    const sender = new SFrameSender(keyOf(suite, 256 + 3), { firstCounter: 256 });
    expect(sender.encrypt(new Uint8Array(80)).length).toBe(80 + 1 + 2 + 2 + suites[suite].tagBytes);
  });

  test("KID and CTR use all of their 64 bits", () => {
    const extremes: Uint64[] = [0, 7, 8, 2 ** 32, Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 64n - 1n];
    for (const kid of extremes) {
      const key = keyOf(suite, kid);
      for (const ctr of extremes) {
        const decrypted = receiverOf(key).decrypt(sealFrame(key, ctr, frame));
        expect(decrypted).toEqual({ kind: "ok", kid, ctr, plaintext: Buffer.from(frame) });
      }
    }
  });

  test("other metadata, or none, does not authenticate", () => {
    const key = keyOf(suite);
    const message = sealFrame(key, 1, frame, Uint8Array.of(1, 2, 3));
    expect(causeOf(receiverOf(key).decrypt(message, Uint8Array.of(1, 2, 4)))).toBe("authentication");
    expect(causeOf(receiverOf(key).decrypt(message))).toBe("authentication");
    expect(causeOf(receiverOf(key).decrypt(message, Uint8Array.of(1, 2, 3)))).toBe("ok");
  });

  test("the key of another base key, KID or suite does not authenticate", () => {
    const message = sealFrame(keyOf(suite), 1, frame);
    const other = deriveSFrameKey({ suite, kid: 300, baseKey: baseKey.toReversed(), engine });
    expect(causeOf(receiverOf(other).decrypt(message))).toBe("authentication");
    const renumbered = Uint8Array.from(message);
    renumbered[2] = (renumbered[2] ?? 0) ^ 1;
    expect(causeOf(receiverOf(keyOf(suite, 301)).decrypt(renumbered))).toBe("authentication");
    for (const another of cipherSuiteNames) {
      if (another !== suite)
        expect(causeOf(receiverOf(keyOf(another)).decrypt(message))).toBe("authentication");
    }
  });

  test("any flipped bit is refused with a cause, and the whole frame is taken afterwards", () => {
    const key = keyOf(suite);
    const message = sealFrame(key, 77, frame);
    const receiver = receiverOf(key);
    for (let bit = 0; bit < message.length * 8; bit++) {
      const flipped = Uint8Array.from(message);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(refusalCauses).toContain(causeOf(receiver.decrypt(flipped)));
    }
    expect(causeOf(receiver.decrypt(message))).toBe("ok");
  });

  test("any truncation is refused with a cause", () => {
    const key = keyOf(suite);
    const message = sealFrame(key, 77, frame);
    const receiver = receiverOf(key);
    for (let length = 0; length < message.length; length++) {
      expect(["malformed", "authentication"]).toContain(
        causeOf(receiver.decrypt(message.subarray(0, length))),
      );
    }
  });

  test("random bytes are refused with a cause, behind a real header too", () => {
    const key = keyOf(suite, 5);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (noise, isHeaderReal) => {
        const message = isHeaderReal ? Uint8Array.of(...encodeSFrameHeader(5, 900), ...noise) : noise;
        expect(refusalCauses).toContain(causeOf(receiverOf(key).decrypt(message)));
      }),
    );
  });
});

describe.each(engines)("SFrame's pitfalls, by $name", (engine) => {
  const keyOf = (name: CipherSuiteName): SFrameKey => deriveKey(name, engine);
  const kidAndSuite = (id: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 44, 0, id);
  const derive = (hash: string, text: string, id: number, length: number): Buffer =>
    Buffer.from(hkdfSync(hash, baseKey, "", Buffer.concat([Buffer.from(text), kidAndSuite(id)]), length));
  const nonce = (salt: Buffer, ctr: number): Buffer => {
    const last = salt.length - 1;
    salt[last] = (salt[last] ?? 0) ^ ctr;
    return salt;
  };

  test("labels keep their trailing space, the AAD is header then metadata, and suite 5 derives by SHA-512", () => {
    const key = derive("sha512", "SFrame 1.0 Secret key ", 5, 32);
    const iv = nonce(derive("sha512", "SFrame 1.0 Secret salt ", 5, 12), 9);
    const header = Buffer.of(0x98, 1, 44, 9);
    const metadata = Buffer.from("metadata");
    const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.concat([header, metadata]));
    const expected = Buffer.concat([header, cipher.update(frame), cipher.final(), cipher.getAuthTag()]);
    expect(Buffer.from(sealFrame(keyOf("AES_256_GCM_SHA512_128"), 9, frame, metadata))).toEqual(expected);
  });

  test("a CTR suite's key has 48 bytes, its counter block ends in zeros, and its HMAC covers three lengths", () => {
    const key = derive("sha256", "SFrame 1.0 Secret key ", 1, 48);
    const iv = nonce(derive("sha256", "SFrame 1.0 Secret salt ", 1, 12), 9);
    const header = Buffer.of(0x98, 1, 44, 9);
    const block = Buffer.concat([iv, Buffer.alloc(4)]);
    const ciphertext = createCipheriv("aes-128-ctr", key.subarray(0, 16), block).update(frame);
    const lengths = Buffer.alloc(24);
    lengths.writeBigUInt64BE(BigInt(header.length), 0);
    lengths.writeBigUInt64BE(BigInt(frame.length), 8);
    lengths.writeBigUInt64BE(10n, 16);
    const hmac = createHmac("sha256", key.subarray(16)).update(
      Buffer.concat([lengths, iv, header, ciphertext]),
    );
    const expected = Buffer.concat([header, ciphertext, hmac.digest().subarray(0, 10)]);
    expect(Buffer.from(sealFrame(keyOf("AES_128_CTR_HMAC_SHA256_80"), 9, frame))).toEqual(expected);
  });

  test("frames larger than the scratch memory authenticate too", () => {
    const key = keyOf("AES_128_CTR_HMAC_SHA256_80");
    const large = new Uint8Array(10_000).fill(7);
    expect(receiverOf(key).decrypt(sealFrame(key, 1, large))).toMatchObject({
      plaintext: Buffer.from(large),
    });
  });
});
