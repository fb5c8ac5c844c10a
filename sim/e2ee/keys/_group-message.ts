/**
 * What goes to the stage's group, beside what goes to everybody (bytes, big-endian):
 *
 *     5 | an MLS message: a key package, a welcome, a commit, or secrets sealed for the group
 *
 * Secrets: generation 6 | room secret 32, one or two of them, the newest first.
 */
import { joined, readUnsigned, unsigned } from "../_bytes.ts";
import { isGeneration } from "./kid.ts";
import { roomSecretBytes } from "./room-message.ts";
import type { RoomSecret } from "./room-message.ts";

const groupType = 5;
const generationBytes = 6;
const numberedBytes = generationBytes + roomSecretBytes;

export function groupMessage(mls: Uint8Array): Uint8Array {
  return joined(Uint8Array.of(groupType), mls);
}

/** The MLS message inside; null when this is for everybody. */
export function mlsOf(message: Uint8Array): Uint8Array | null {
  return message[0] === groupType ? message.subarray(1) : null;
}

export function secretsForGroup(secrets: readonly RoomSecret[]): Uint8Array {
  return joined(
    ...secrets.flatMap(({ generation, secret }) => [unsigned(generation, generationBytes), secret]),
  );
}

/** Null when it is not made like that. */
export function readSecrets(data: Uint8Array): RoomSecret[] | null {
  if (data.length !== numberedBytes && data.length !== 2 * numberedBytes) return null;
  const secrets: RoomSecret[] = [];
  for (let at = 0; at < data.length; at += numberedBytes) {
    const generation = readUnsigned(data.subarray(at, at + generationBytes));
    if (!isGeneration(generation)) return null;
    secrets.push({ generation, secret: data.slice(at + generationBytes, at + numberedBytes) });
  }
  return secrets;
}
