import { agreementKey } from "#primitives";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { hpkeDecapsulate, hpkeEncapsulate, hpkeKeySchedule, hpkeOpen, hpkeSeal } from "./hpke.ts";
import type { AgreementKey } from "../primitives/types.ts";

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function privateKey(raw: string): AgreementKey {
  return agreementKey(hex(raw));
}

/** RFC 9180 appendix A.1.1, base setup, and A.1.1.1, sequence number 0. */
const published = {
  info: hex("4f6465206f6e2061204772656369616e2055726e"),
  pkEm: hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
  skEm: "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
  pkRm: hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
  skRm: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
  sharedSecret: hex("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"),
  key: hex("4531685d41d65f03dc48f6b8302c05b0"),
  baseNonce: hex("56d890e5accaaf011cff4b7d"),
  aad: hex("436f756e742d30"),
  pt: hex("4265617574792069732074727574682c20747275746820626561757479"),
  ct: hex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"),
};

describe("HPKE as RFC 9180 appendix A.1.1 has it", () => {
  test("the KEM agrees on the published secret from both ends", () => {
    const ephemeral = privateKey(published.skEm);
    const recipient = privateKey(published.skRm);
    expect(Uint8Array.from(ephemeral.publicKey)).toEqual(published.pkEm);
    expect(Uint8Array.from(recipient.publicKey)).toEqual(published.pkRm);
    expect(hpkeEncapsulate(published.pkRm, ephemeral)).toEqual(published.sharedSecret);
    expect(hpkeDecapsulate(published.pkEm, recipient)).toEqual(published.sharedSecret);
  });

  test("the key schedule gives the published key and nonce", () => {
    expect(hpkeKeySchedule(published.sharedSecret, published.info)).toEqual({
      key: published.key,
      nonce: published.baseNonce,
    });
  });

  test("sealing gives the published ciphertext, and opening the plaintext", () => {
    const { info, aad } = published;
    const sealed = hpkeSeal({
      recipientPublicKey: published.pkRm,
      info,
      aad,
      plaintext: published.pt,
      ephemeral: privateKey(published.skEm),
    });
    expect(sealed).toEqual(Uint8Array.of(...published.pkEm, ...published.ct));
    const opened = hpkeOpen({
      recipient: privateKey(published.skRm),
      info,
      aad,
      sealed: sealed ?? new Uint8Array(0),
    });
    expect(opened).toEqual(Buffer.from(published.pt));
  });
});

describe("HPKE", () => {
  const recipient = agreementKey();
  const info = Uint8Array.of(1);
  const aad = Uint8Array.of(2);
  const plaintext = Uint8Array.of(3, 4, 5);

  function seal(): Uint8Array {
    const sealed = hpkeSeal({ recipientPublicKey: recipient.publicKey, info, aad, plaintext });
    if (sealed === null) throw new Error("not sealed");
    return sealed;
  }

  test("never seals the same bytes twice", () => {
    expect(seal()).not.toEqual(seal());
  });

  test("opens for the right recipient, info and additional data alone", () => {
    const sealed = seal();
    expect(hpkeOpen({ recipient, info, aad, sealed })).toEqual(Buffer.from(plaintext));
    expect(hpkeOpen({ recipient: agreementKey(), info, aad, sealed })).toBeNull();
    expect(hpkeOpen({ recipient, info: aad, aad, sealed })).toBeNull();
    expect(hpkeOpen({ recipient, info, aad: info, sealed })).toBeNull();
  });

  test("opens nothing truncated, flipped or random", () => {
    const sealed = seal();
    for (let length = 0; length < sealed.length; length++) {
      expect(hpkeOpen({ recipient, info, aad, sealed: sealed.subarray(0, length) })).toBeNull();
    }
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Uint8Array.from(sealed);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      expect(hpkeOpen({ recipient, info, aad, sealed: flipped })).toBeNull();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), (noise) => {
        expect(hpkeOpen({ recipient, info, aad, sealed: noise })).toBeNull();
      }),
    );
  });

  test("refuses public keys of the wrong length or of low order, whose shared secret is all zero", () => {
    const lowOrder = [
      hex("00".repeat(32)),
      hex(`01${"00".repeat(31)}`),
      hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
      hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    ];
    for (const bad of [...lowOrder, new Uint8Array(0), hex("09"), hex("09".repeat(33))]) {
      expect(hpkeSeal({ recipientPublicKey: bad, info, aad, plaintext })).toBeNull();
    }
    for (const bad of lowOrder) {
      const sealed = Uint8Array.of(...bad, ...seal().subarray(32));
      expect(hpkeOpen({ recipient, info, aad, sealed })).toBeNull();
    }
  });
});
