import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";
import { z } from "zod";

import { uint64 } from "../uint64.ts";
import type { Engine } from "./engine.ts";
import { decodeSFrameHeader, encodeSFrameHeader } from "./header.ts";
import { deriveSFrameKey, deriveSFrameSecrets, sframeLabel } from "./key.ts";
import { nodeEngine } from "./node-engine.ts";
import { SFrameReceiver } from "./receiver.ts";
import { SFrameSender } from "./sender.ts";
import { cipherSuiteNames, suites } from "./suites.ts";
import type { SuiteParameters } from "./suites.ts";
import { windowEngine } from "./window-engine.ts";

const bytes = z.string().transform((hex) => Uint8Array.from(Buffer.from(hex, "hex")));
const integer = z.string().transform((digits) => uint64(BigInt(digits)));
const aeadVector = z.strictObject({
  cipher_suite: integer,
  key: bytes,
  enc_key: bytes,
  auth_key: bytes,
  nonce: bytes,
  aad: bytes,
  pt: bytes,
  ct: bytes,
});
const vectorsSchema = z.strictObject({
  header: z.array(z.strictObject({ kid: integer, ctr: integer, encoded: bytes })).length(289),
  aes_ctr_hmac: z.array(aeadVector).length(3),
  aes_256_ctr_hmac: z.array(aeadVector).length(3),
  sframe: z
    .array(
      z.strictObject({
        cipher_suite: integer,
        kid: integer,
        ctr: integer,
        base_key: bytes,
        sframe_key_label: bytes,
        sframe_salt_label: bytes,
        sframe_secret: bytes,
        sframe_key: bytes,
        sframe_salt: bytes,
        metadata: bytes,
        nonce: bytes,
        aad: bytes,
        pt: bytes,
        ct: bytes,
      }),
    )
    .length(5),
});

// The vectors' numbers pass 2^53: they become strings before JSON.parse can round them.
const file = readFileSync(new URL("../../test/vectors/sframe-test-vectors.json", import.meta.url), "utf8");
const vectors = vectorsSchema.parse(JSON.parse(file.replaceAll(/: (\d+)/g, ': "$1"')));

/** The vectors' suites 6 to 8, which RFC 9605 does not have: AES-256-CTR with HMAC-SHA512. */
function aes256CtrHmac(id: number): SuiteParameters {
  return {
    id,
    kind: "ctr-hmac",
    algorithm: "aes-256-ctr",
    hash: "sha512",
    keyBytes: 96,
    encryptionKeyBytes: 32,
    tagBytes: { 6: 10, 7: 8, 8: 4 }[id] ?? 0,
    baseKeyBytes: 32,
  };
}

function registered(id: unknown): { name: (typeof cipherSuiteNames)[number]; parameters: SuiteParameters } {
  const name = cipherSuiteNames.find((candidate) => suites[candidate].id === id);
  if (name === undefined) throw new Error(`no suite ${String(id)}`);
  return { name, parameters: suites[name] };
}

describe("the working group's vectors", () => {
  test("every header is written as published", () => {
    for (const { kid, ctr, encoded } of vectors.header) {
      expect(Uint8Array.from(encodeSFrameHeader(kid, ctr)), `KID ${kid} CTR ${ctr}`).toEqual(encoded);
    }
  });

  test("every header is read as published, up to 2^64 - 1 and whatever follows it", () => {
    for (const { kid, ctr, encoded } of vectors.header) {
      const message = Uint8Array.of(...encoded, 0xff, 0xff);
      expect(decodeSFrameHeader(message)).toEqual({ kid, ctr, bytes: encoded.length });
    }
    expect(vectors.header.at(-1)?.ctr).toBe(2n ** 64n - 1n);
  });

  test.each(vectors.sframe)("the keys of suite $cipher_suite, step by step", (vector) => {
    const { parameters } = registered(vector.cipher_suite);
    const derived = deriveSFrameSecrets(parameters, vector.kid, vector.base_key);
    expect(sframeLabel("key", vector.kid, parameters.id)).toEqual(vector.sframe_key_label);
    expect(sframeLabel("salt", vector.kid, parameters.id)).toEqual(vector.sframe_salt_label);
    expect(Uint8Array.from(derived.secret)).toEqual(vector.sframe_secret);
    expect(derived.key).toEqual(vector.sframe_key);
    expect(derived.salt).toEqual(vector.sframe_salt);
  });
});

describe.each([nodeEngine, windowEngine])("the working group's vectors, by $name", (engine) => {
  test.each(vectors.aes_ctr_hmac)("AES-CTR-HMAC of suite $cipher_suite", (vector) => {
    checkAead(engine, registered(vector.cipher_suite).parameters, vector);
  });

  test.each(vectors.aes_256_ctr_hmac)("AES-256-CTR-HMAC of suite $cipher_suite", (vector) => {
    checkAead(engine, aes256CtrHmac(Number(vector.cipher_suite)), vector);
  });

  test.each(vectors.sframe)("a frame of suite $cipher_suite, both ways", (vector) => {
    const { name } = registered(vector.cipher_suite);
    const key = deriveSFrameKey({ suite: name, kid: vector.kid, baseKey: vector.base_key, engine });
    const sender = new SFrameSender(key, { firstCounter: Number(vector.ctr) });
    expect(Uint8Array.from(sender.encrypt(vector.pt, vector.metadata))).toEqual(vector.ct);
    const receiver = new SFrameReceiver();
    receiver.addKey(key);
    const decrypted = receiver.decrypt(vector.ct, vector.metadata);
    expect(decrypted).toEqual({
      kind: "ok",
      kid: vector.kid,
      ctr: vector.ctr,
      plaintext: Buffer.from(vector.pt),
    });
  });
});

/** The vector's nonce is the salt at counter 0, its additional data the metadata behind an empty header. */
function checkAead(engine: Engine, suite: SuiteParameters, vector: z.infer<typeof aeadVector>): void {
  const cipher = engine.prepare(suite, vector.key, vector.nonce);
  const message = new Uint8Array(vector.pt.length + suite.tagBytes);
  cipher.seal(message, 0, 0, vector.pt, vector.aad);
  expect(message).toEqual(vector.ct);
  expect(cipher.open(vector.ct, 0, 0, vector.aad)).toEqual(Buffer.from(vector.pt));
}
