import type { Store } from "./store.ts";

/** What rooms need of the store: definitions, bans and invitations. */
export type RoomDirectory = Pick<
  Store,
  | "getRoom"
  | "updateRoom"
  | "endRoom"
  | "addBan"
  | "removeBan"
  | "isBanned"
  | "addInvitation"
  | "removeInvitation"
  | "hasInvitation"
>;

/** What the directory says of somebody who wants to join. */
export async function lookUpApplicant(
  directory: RoomDirectory,
  { roomId, participantId, nowUnixMs }: { roomId: string; participantId: string; nowUnixMs: number },
): Promise<{ banned: boolean; invited: boolean }> {
  const [banned, invited] = await Promise.all([
    directory.isBanned(roomId, participantId, nowUnixMs),
    directory.hasInvitation(roomId, participantId),
  ]);
  return { banned, invited };
}
