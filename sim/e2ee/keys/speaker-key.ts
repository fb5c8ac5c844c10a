import { joined, utf8 } from "../_bytes.ts";
import { hkdfExpand, hkdfExtract } from "../_hkdf.ts";
import { suites } from "../sframe/suites.ts";
import type { CipherSuiteName } from "../sframe/suites.ts";
import { highWord, lowWord, uint64 } from "../uint64.ts";

const label = "soundcheck speaker base key v1";

/**
 * A speaker's SFrame base key: HKDF-SHA256 (RFC 5869, no salt) of the room's secret
 * with the label, KID (8 bytes), the suite's number (2 bytes) and the speaker's id.
 */
export function speakerBaseKey(options: {
  /** The room's secret of the KID's generation. */
  secret: Uint8Array;
  participantId: string;
  kid: number;
  suite: CipherSuiteName;
}): Uint8Array {
  const kid = uint64(options.kid);
  const { id, baseKeyBytes } = suites[options.suite];
  const numbers = new DataView(new ArrayBuffer(10));
  numbers.setUint32(0, highWord(kid));
  numbers.setUint32(4, lowWord(kid));
  numbers.setUint16(8, id);
  const info = joined(utf8(label), new Uint8Array(numbers.buffer), utf8(options.participantId));
  return hkdfExpand("sha256", hkdfExtract("sha256", new Uint8Array(0), options.secret), info, baseKeyBytes);
}
