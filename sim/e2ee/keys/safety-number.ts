import { hmacKey } from "#primitives";
import { framed, readUnsigned, unsigned, utf8 } from "../_bytes.ts";
import { noSignatureKey } from "./roster.ts";
import type { RosterEntry } from "./roster.ts";
import { sameBytes } from "../_bytes.ts";

const groups = 6;

/**
 * What people of a room read out to each other: six groups of five digits, the same for all whose signed
 * roster holds the same signature keys for the same people on the stage. Where it differs, somebody has been
 * given another roster. About 100 bits of HMAC-SHA256 under a fixed key, over room, ids and keys by id.
 */
export function safetyNumber(roomId: string, stage: readonly RosterEntry[]): string {
  const entries = stage
    .filter(({ signatureKey }) => !sameBytes(signatureKey, noSignatureKey))
    .map(({ participantId, signatureKey }) => ({ participantId, signatureKey }))
    .toSorted((one, other) => (one.participantId < other.participantId ? -1 : 1));
  const text = framed(
    utf8(roomId),
    ...entries.flatMap(({ participantId, signatureKey }) => [utf8(participantId), signatureKey]),
  );
  const mac = hmacKey("sha256", utf8("soundcheck safety number v1"));
  const digest = mac(unsigned(entries.length, 2), text);
  return Array.from({ length: groups }, (_, index) => {
    const part = readUnsigned(digest.subarray(index * 5, index * 5 + 5));
    return String(part % 100_000).padStart(5, "0");
  }).join(" ");
}
