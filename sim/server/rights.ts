import type { Role } from "../protocol/signalling.ts";

/**
 * `publish`: a seat on the stage and streams of one's own. `subscribe`: hears the stage.
 * `deal-keys`: is told of the audience, and may send sealed bytes to anyone.
 */
export const rights = ["publish", "subscribe", "deal-keys"] as const;
export type Right = (typeof rights)[number];

const rightsOfRole: Readonly<Record<Role, ReadonlySet<Right>>> = {
  host: new Set(["publish", "subscribe", "deal-keys"]),
  moderator: new Set(["publish", "subscribe"]),
  speaker: new Set(["publish", "subscribe"]),
  listener: new Set(["subscribe"]),
};

export function hasRight(role: Role, right: Right): boolean {
  return rightsOfRole[role].has(right);
}
