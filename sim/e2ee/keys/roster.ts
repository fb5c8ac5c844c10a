/**
 * The roster that keys are dealt to, signed by who deals them (bytes, big-endian):
 *
 *     4 | Ed25519 signature 64 | sequence 6 | distributor's place in the list 2
 *       | entries 2 | ( id's length 1 | id | seat 2 | signature key 32 )...
 *       | listeners 4 | digest of the listeners 32
 *
 * The signature is over the label, the room's id and all that follows it.
 */
import { hmacKey, verify } from "#primitives";
import { framed, fromUtf8, joined, readUnsigned, unsigned, utf8 } from "../_bytes.ts";
import type { SigningKey } from "../primitives/types.ts";

export const rosterType = 4;
const label = utf8("soundcheck roster v1");
export const signatureBytes = 64;
export const signatureKeyBytes = 32;
const digestBytes = 32;
const hash = hmacKey("sha256", utf8("soundcheck listeners v1"));

/** Somebody on the stage. */
export type RosterEntry = {
  readonly participantId: string;
  readonly seat: number;
  /** Ed25519; all zero for who takes no part in the stage's group, and so vouches for nothing. */
  readonly signatureKey: Uint8Array;
};

export type Roster = {
  /** Grows with every roster of a room. */
  readonly sequence: number;
  readonly distributor: RosterEntry;
  readonly stage: readonly RosterEntry[];
  /** Who else is dealt to, as of the last rekey or change of the stage. */
  readonly listeners: { readonly count: number; readonly digest: Uint8Array };
};

export const noSignatureKey: Uint8Array = new Uint8Array(signatureKeyBytes);

/** A listener's part of the digest. */
export function listenerHash(participantId: string, publicKey: Uint8Array): Uint8Array {
  return Uint8Array.from(hash(framed(utf8(participantId), publicKey)));
}

/** Over the parts of all listeners, by id: anybody who pages the audience can make it, and hold it against the roster's. */
export function listenersDigest(parts: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const ids = [...parts.keys()].toSorted();
  return Uint8Array.from(hash(...ids.map((id) => parts.get(id) ?? noSignatureKey)));
}

export function signRoster(roomId: string, roster: Roster, key: SigningKey): Uint8Array<ArrayBuffer> {
  const entries = roster.stage.map(({ participantId, seat, signatureKey }) => {
    const id = utf8(participantId);
    return joined(unsigned(id.length, 1), id, unsigned(seat, 2), signatureKey);
  });
  const body = joined(
    unsigned(roster.sequence, 6),
    unsigned(roster.stage.indexOf(roster.distributor), 2),
    unsigned(entries.length, 2),
    ...entries,
    unsigned(roster.listeners.count, 4),
    roster.listeners.digest,
  );
  return joined(Uint8Array.of(rosterType), key.sign(signed(roomId, body)), body);
}

/** Null when it is no roster, or its signature is not that of the distributor it names. Whether to trust that one is another question. */
export function readRoster(roomId: string, message: Uint8Array): Roster | null {
  const body = message.subarray(1 + signatureBytes);
  const roster = message[0] === rosterType ? parseBody(body) : null;
  if (roster === null) return null;
  const signature = message.subarray(1, 1 + signatureBytes);
  return verify(roster.distributor.signatureKey, signed(roomId, body), signature) ? roster : null;
}

function signed(roomId: string, body: Uint8Array): Uint8Array {
  return framed(label, utf8(roomId), body);
}

function parseBody(body: Uint8Array): Roster | null {
  let at = 0;
  const take = (length: number): Uint8Array => body.slice(at, (at += length));
  const sequence = readUnsigned(take(6));
  const place = readUnsigned(take(2));
  const count = readUnsigned(take(2));
  const stage: RosterEntry[] = [];
  while (stage.length < count && at < body.length) {
    const participantId = fromUtf8(take(readUnsigned(take(1))));
    stage.push({ participantId, seat: readUnsigned(take(2)), signatureKey: take(signatureKeyBytes) });
  }
  const listeners = { count: readUnsigned(take(4)), digest: take(digestBytes) };
  const distributor = stage[place];
  // Read past the end, or short of it.
  if (at !== body.length || stage.length !== count || distributor === undefined) return null;
  return { sequence, distributor, stage, listeners };
}
