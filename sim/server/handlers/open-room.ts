import { setImmediate } from "node:timers/promises";
import type { Room } from "../room.ts";
import type { Services } from "../session.ts";

/** So many come out of the lobby at a time; the event loop gets its turn in between. */
const batch = 32;

/** A host is there: who waits is let in, and who comes from now on does not wait. Nothing happens if it is open already. */
export function openRoom(room: Room, services: Services): void {
  if (!room.open()) return;
  void letIn(room);
  if (!room.details.defined) return;
  services.directory.updateRoom(room.id, { state: "open" }).catch((error: unknown) => {
    services.events.serverFault("opening a room", error);
  });
}

async function letIn(room: Room): Promise<void> {
  const guests = room.lobby.take();
  for (let start = 0; start < guests.length; start += batch) {
    await Promise.all(guests.slice(start, start + batch).map((guest) => guest.letIn()));
    await setImmediate();
  }
}
