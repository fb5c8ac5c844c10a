import { hkdfSync } from "node:crypto";

import { describe, expect, test } from "vitest";

import { cipherSuiteNames, suites } from "../sframe/suites.ts";
import { speakerBaseKey } from "./speaker-key.ts";

const secret = new Uint8Array(32).fill(9);
const suite = "AES_256_GCM_SHA512_128";

describe("a speaker's base key", () => {
  test("is as long as the suite wants it", () => {
    for (const name of cipherSuiteNames) {
      const key = speakerBaseKey({ secret, participantId: "ada", kid: 1, suite: name });
      expect(key.length).toBe(suites[name].baseKeyBytes);
    }
  });

  test("is HKDF-SHA256 of the room's secret with label, KID, suite and speaker", () => {
    const info = Buffer.concat([
      Buffer.from("soundcheck speaker base key v1"),
      Buffer.of(0, 0, 0, 0, 0, 0, 3, 7, 0, 5),
      Buffer.from("ada"),
    ]);
    const expected = Buffer.from(hkdfSync("sha256", secret, "", info, 32));
    expect(Buffer.from(speakerBaseKey({ secret, participantId: "ada", kid: 775, suite }))).toEqual(expected);
  });

  test("differs by secret, speaker, KID and suite", () => {
    const keys = [
      speakerBaseKey({ secret, participantId: "ada", kid: 1, suite }),
      speakerBaseKey({ secret: new Uint8Array(32), participantId: "ada", kid: 1, suite }),
      speakerBaseKey({ secret, participantId: "bea", kid: 1, suite }),
      speakerBaseKey({ secret, participantId: "ada", kid: 2, suite }),
      speakerBaseKey({ secret, participantId: "ada", kid: 1, suite: "AES_128_GCM_SHA256_128" }),
      speakerBaseKey({ secret, participantId: "ada", kid: 1, suite: "AES_128_CTR_HMAC_SHA256_80" }),
    ].map((key) => Buffer.from(key).toString("hex").slice(0, 32));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
