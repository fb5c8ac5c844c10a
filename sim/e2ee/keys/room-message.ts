/**
 * What travels from the distributor to one member (bytes, big-endian):
 *
 *     welcome  1 | signature 64 | sealed 156 | signed roster
 *                sealed: HPKE( generation 6 | room secret 32 | pairwise key 32 | generation 6 | room secret 32 )
 *     rekey    2 | generation 6 | AES key wrap of the room secret 40            47 bytes
 *     roster   4 | ...                                                           roster.ts
 *
 * A welcome's second secret is the one that is still spoken under; the first one again where there is no
 * other. HPKE's `info` is bound to the room, its additional data to the recipient; the distributor's Ed25519
 * signature is over room, recipient, the recipient's public key and the sealed bytes, so that a welcome to
 * a key that was put in the recipient's place does not pass for one to the recipient's own. The key wrap is
 * RFC 3394 under the pairwise key with an alternative initial value (its section 2.2.3) that ends in the
 * generation: an old wrap does not pass under a newer number.
 */
import { verify, wrapKey } from "#primitives";
import { framed, joined, readUnsigned, unsigned, utf8 } from "../_bytes.ts";
import type { AgreementKey, SigningKey, WrapKey } from "../primitives/types.ts";
import { hpkeOpen, hpkeOverheadBytes, hpkeSeal } from "./hpke.ts";
import { isGeneration } from "./kid.ts";
import { rosterType, signatureBytes } from "./roster.ts";

export const roomSecretBytes = 32;
const pairwiseKeyBytes = 32;
const generationBytes = 6;
const wrappedBytes = roomSecretBytes + 8;
const welcomeType = 1;
const rekeyType = 2;
const numberedBytes = generationBytes + roomSecretBytes;
const welcomePlaintextBytes = 2 * numberedBytes + pairwiseKeyBytes;
const sealedBytes = hpkeOverheadBytes + welcomePlaintextBytes;
const rosterAt = 1 + signatureBytes + sealedBytes;

export const rekeyBytes = 1 + generationBytes + wrappedBytes;

/** The room's secret and which one it is. */
export type RoomSecret = { readonly generation: number; readonly secret: Uint8Array };

/** Whom a welcome is for, and where. */
export type Recipient = { readonly roomId: string; readonly participantId: string };

export type WelcomeContent = {
  readonly current: RoomSecret;
  /** What is spoken under until speakers change over to the current one. */
  readonly spoken: RoomSecret;
};

function bindings({ roomId, participantId }: Recipient): { info: Uint8Array; aad: Uint8Array } {
  return { info: utf8(`soundcheck room key v2 ${roomId}`), aad: utf8(participantId) };
}

function signed(recipient: Recipient, publicKey: Uint8Array, sealed: Uint8Array): Uint8Array {
  const { roomId, participantId } = recipient;
  return framed(utf8("soundcheck welcome v2"), utf8(roomId), utf8(participantId), publicKey, sealed);
}

/** Null when the public key is of no use. */
export function sealWelcome(
  recipient: Recipient & { readonly publicKey: Uint8Array },
  content: WelcomeContent & { readonly pairwiseKey: Uint8Array },
  by: { readonly key: SigningKey; readonly roster: Uint8Array },
): Uint8Array | null {
  const { current, spoken, pairwiseKey } = content;
  const plaintext = joined(
    unsigned(current.generation, generationBytes),
    current.secret,
    pairwiseKey,
    unsigned(spoken.generation, generationBytes),
    spoken.secret,
  );
  const { publicKey } = recipient;
  const sealed = hpkeSeal({ recipientPublicKey: publicKey, ...bindings(recipient), plaintext });
  if (sealed === null) return null;
  const signature = by.key.sign(signed(recipient, publicKey, sealed));
  return joined(Uint8Array.of(welcomeType), signature, sealed, by.roster);
}

export function rosterOfWelcome(message: Uint8Array): Uint8Array {
  return message.subarray(rosterAt);
}

/** Null when the welcome is for somebody else, for another key or room, by another signer, or not whole. */
export function openWelcome(
  message: Uint8Array,
  recipient: Recipient & { readonly key: AgreementKey; readonly signedBy: Uint8Array },
): (WelcomeContent & { readonly pairwiseKey: WrapKey }) | null {
  const sealed = message.subarray(1 + signatureBytes, rosterAt);
  const text = signed(recipient, recipient.key.publicKey, sealed);
  if (!verify(recipient.signedBy, text, message.subarray(1, 1 + signatureBytes))) return null;
  const plaintext = hpkeOpen({ recipient: recipient.key, ...bindings(recipient), sealed });
  if (plaintext === null) return null;
  const spokenAt = numberedBytes + pairwiseKeyBytes;
  return {
    current: readNumbered(plaintext, 0),
    pairwiseKey: wrapKey(plaintext.subarray(numberedBytes, spokenAt)),
    spoken: readNumbered(plaintext, spokenAt),
  };
}

function readNumbered(bytes: Uint8Array, at: number): RoomSecret {
  const secretAt = at + generationBytes;
  return {
    generation: readUnsigned(bytes.subarray(at, secretAt)),
    secret: Uint8Array.from(bytes.subarray(secretAt, secretAt + roomSecretBytes)),
  };
}

function wrapInitialValue(generation: number): Uint8Array {
  return joined(Uint8Array.of(0xa6, 0xa6), unsigned(generation, generationBytes));
}

export function sealRekey(pairwiseKey: WrapKey, { generation, secret }: RoomSecret): Uint8Array {
  const wrapped = pairwiseKey.wrap(wrapInitialValue(generation), secret);
  return joined(Uint8Array.of(rekeyType), unsigned(generation, generationBytes), wrapped);
}

/** Null when the wrap was not made under this pairwise key and generation, or is not whole. */
export function openRekey(message: Uint8Array, pairwiseKey: WrapKey): RoomSecret | null {
  const generation = readUnsigned(message.subarray(1, 1 + generationBytes));
  const wrapped = message.subarray(1 + generationBytes);
  const secret = pairwiseKey.unwrap(wrapInitialValue(generation), wrapped);
  return secret === null ? null : { generation, secret: Uint8Array.from(secret) };
}

/** What a message is by its first byte, its length and its number; null: none of these. */
export function roomMessageKind(message: Uint8Array): "welcome" | "rekey" | "roster" | null {
  switch (message[0] ?? 0) {
    case welcomeType:
      return message.length > rosterAt ? "welcome" : null;
    case rekeyType:
      return message.length === rekeyBytes && isNumbered(message) ? "rekey" : null;
    case rosterType:
      return "roster";
    default:
      return null;
  }
}

function isNumbered(message: Uint8Array): boolean {
  return isGeneration(readUnsigned(message.subarray(1, 1 + generationBytes)));
}
