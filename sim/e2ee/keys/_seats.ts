/** Somebody in the room, as the server tells. */
export type StageMember = {
  readonly participantId: string;
  /** Null in the audience. */
  readonly seat: number | null;
  readonly isHost: boolean;
  /** X25519, raw, 32 bytes; null: takes no part in encryption. */
  readonly publicKey: Uint8Array | null;
};

/**
 * Whose turn it is to deal: of those who can, the host, else who sits on the lowest seat; the next in
 * this order stands by. Null where nobody can. All who have the same members come to the same.
 */
export function dealerOf(members: Iterable<StageMember>): StageMember | null {
  let first: StageMember | null = null;
  for (const member of members) {
    if (member.seat !== null && (first === null || precedes(member, first))) first = member;
  }
  return first;
}

function precedes(one: StageMember, other: StageMember): boolean {
  if (one.isHost !== other.isHost) return one.isHost;
  return (one.seat ?? Infinity) < (other.seat ?? Infinity);
}
