import { roles, type Role } from "../protocol/signalling.ts";

/**
 * Who may do what, in one table. What is done to somebody also asks that they rank
 * below who does it ({@link outranks}).
 */
const table = {
  /** A seat on the stage and streams of one's own. */
  publish: ["host", "moderator", "speaker"],
  /** Hears the stage. */
  subscribe: ["host", "moderator", "speaker", "listener"],
  /** Is told of the audience as it comes and goes, and may send sealed bytes to anyone. The stage settles among itself whose turn it is. */
  "deal-keys": ["host", "moderator", "speaker"],
  "list-audience": ["host", "moderator", "speaker", "listener"],

  "raise-hand": ["listener"],
  "see-hands": ["host", "moderator", "speaker"],
  "lower-any-hand": ["host", "moderator"],
  "invite-to-stage": ["host", "moderator"],
  /** Follows an invitation; without one there is nothing to answer. */
  "answer-invitation": ["listener"],
  "step-down": ["moderator", "speaker"],
  "move-to-audience": ["host", "moderator"],

  "mute-others": ["host", "moderator"],
  "ask-unmute": ["host", "moderator"],
  kick: ["host", "moderator"],
  /** And to lift a ban. */
  ban: ["host", "moderator"],

  "set-topic": ["host", "moderator"],
  lock: ["host", "moderator"],
  "set-limits": ["host"],
  "set-visibility": ["host"],
  "end-room": ["host"],

  /** And to take it back. */
  "grant-moderator": ["host"],
  "hand-over-host": ["host"],
  /** Only once the host is gone, and only whose turn it is. */
  "claim-host": ["moderator", "speaker"],

  /** Into a private room. */
  "invite-to-room": ["host", "moderator"],
  /** Into a public or social room. */
  "invite-to-social-room": ["host", "moderator", "speaker", "listener"],
  "enter-uninvited": ["host", "moderator"],
  "enter-locked": ["host", "moderator"],
  /** Does not wait in the lobby: its coming ends the waiting. Always finds a place, too. */
  "open-room": ["host"],
} as const satisfies Record<string, readonly Role[]>;

export type Right = keyof typeof table;

const holders: ReadonlyMap<string, ReadonlySet<Role>> = new Map(
  Object.entries(table).map(([right, holding]) => [right, new Set<Role>(holding)]),
);

export const rights: readonly string[] = [...holders.keys()];

export function hasRight(role: Role, right: Right): boolean {
  return holders.get(right)?.has(role) ?? false;
}

/** Whether one may act on the other: the roles rank from host down to listener. */
export function outranks(one: Role, other: Role): boolean {
  return roles.indexOf(one) < roles.indexOf(other);
}
