/**
 * What travels from the distributor to one member, sealed (bytes, big-endian):
 *
 *     welcome  1 | HPKE( generation 4 | room secret 32 | pairwise key 32 )     117 bytes
 *     rekey    2 | generation 4 | AES key wrap of the room secret 40            45 bytes
 *
 * HPKE's `info` is bound to the room, its additional data to the recipient. The key
 * wrap is RFC 3394 under the pairwise key with an alternative initial value (its
 * section 2.2.3) that ends in the generation: an old wrap does not pass under a
 * newer number.
 */
import { wrapKey } from "#primitives";
import { utf8 } from "../_bytes.ts";
import type { AgreementKey, WrapKey } from "../primitives/types.ts";
import { hpkeOpen, hpkeOverheadBytes, hpkeSeal } from "./hpke.ts";

export const roomSecretBytes = 32;
const pairwiseKeyBytes = 32;
const wrappedBytes = roomSecretBytes + 8;
const welcomeType = 1;
const rekeyType = 2;
const welcomePlaintextBytes = 4 + roomSecretBytes + pairwiseKeyBytes;

export const welcomeBytes = 1 + hpkeOverheadBytes + welcomePlaintextBytes;
export const rekeyBytes = 1 + 4 + wrappedBytes;

/** Whom a welcome is for, and where. */
export type Recipient = { readonly roomId: string; readonly participantId: string };

function bindings({ roomId, participantId }: Recipient): { info: Uint8Array; aad: Uint8Array } {
  return { info: utf8(`soundcheck room key v1 ${roomId}`), aad: utf8(participantId) };
}

/** Null when the public key is of no use. */
export function sealWelcome(
  recipient: Recipient & { readonly publicKey: Uint8Array },
  content: { generation: number; secret: Uint8Array; pairwiseKey: Uint8Array },
): Uint8Array | null {
  const plaintext = new Uint8Array(welcomePlaintextBytes);
  new DataView(plaintext.buffer).setUint32(0, content.generation);
  plaintext.set(content.secret, 4);
  plaintext.set(content.pairwiseKey, 4 + roomSecretBytes);
  const sealed = hpkeSeal({ recipientPublicKey: recipient.publicKey, ...bindings(recipient), plaintext });
  if (sealed === null) return null;
  const message = new Uint8Array(welcomeBytes);
  message[0] = welcomeType;
  message.set(sealed, 1);
  return message;
}

/** Null when the welcome is for somebody else, for another room, or not whole. */
export function openWelcome(
  message: Uint8Array,
  recipient: Recipient & { readonly key: AgreementKey },
): { generation: number; secret: Uint8Array; pairwiseKey: WrapKey } | null {
  const plaintext = hpkeOpen({
    recipient: recipient.key,
    ...bindings(recipient),
    sealed: message.subarray(1),
  });
  if (plaintext === null) return null;
  return {
    generation: new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(0),
    secret: new Uint8Array(plaintext.subarray(4, 4 + roomSecretBytes)),
    pairwiseKey: wrapKey(plaintext.subarray(4 + roomSecretBytes)),
  };
}

function wrapInitialValue(generation: number): Uint8Array {
  const value = new Uint8Array(8).fill(0xa6);
  new DataView(value.buffer).setUint32(4, generation);
  return value;
}

export function sealRekey(pairwiseKey: WrapKey, generation: number, secret: Uint8Array): Uint8Array {
  const message = new Uint8Array(rekeyBytes);
  message[0] = rekeyType;
  new DataView(message.buffer).setUint32(1, generation);
  message.set(pairwiseKey.wrap(wrapInitialValue(generation), secret), 5);
  return message;
}

/** Null when the wrap was not made under this pairwise key and generation, or is not whole. */
export function openRekey(
  message: Uint8Array,
  pairwiseKey: WrapKey,
): { generation: number; secret: Uint8Array } | null {
  const generation = new DataView(message.buffer, message.byteOffset).getUint32(1);
  const secret = pairwiseKey.unwrap(wrapInitialValue(generation), message.subarray(5));
  return secret === null ? null : { generation, secret: new Uint8Array(secret) };
}

/** What a message is by its first byte and length; null: neither. */
export function roomMessageKind(message: Uint8Array): "welcome" | "rekey" | null {
  if (message[0] === welcomeType && message.length === welcomeBytes) return "welcome";
  if (message[0] === rekeyType && message.length === rekeyBytes) return "rekey";
  return null;
}
