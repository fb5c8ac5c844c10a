import { roomChangeSchema } from "../protocol/room.ts";
import type { LiveRooms } from "./admin-services.ts";
import { openRoom } from "./handlers/open-room.ts";
import type { Rooms } from "./rooms.ts";
import type { Services } from "./session.ts";

/** The running rooms, as the admin API sees and changes them. */
export function createLiveRooms(services: Services & { rooms: Rooms }): LiveRooms {
  const { rooms } = services;
  return {
    list: () => rooms.live.map((room) => ({ roomId: room.id, participants: room.participants.size })),
    participants: (roomId) =>
      [...(rooms.find(roomId)?.participants.values() ?? [])].map(({ member }) => ({
        participantId: member.participantId,
        role: member.role,
        seat: member.seat,
      })),
    putOut: (roomId, participantId, reason) => {
      const room = rooms.find(roomId);
      if (room === undefined) return false;
      // Whoever is on the way in is refused as well.
      if (reason === "banned") room.banned.add(participantId);
      const waited = room.lobby.remove(participantId, reason);
      const participant = room.participants.get(participantId);
      if (participant === undefined) return waited;
      room.demoteForLater(participantId);
      room.remove(participant, reason);
      return true;
    },
    letBackIn: (roomId, participantId) => {
      rooms.find(roomId)?.banned.delete(participantId);
    },
    uninvited: (roomId, participantId) => {
      rooms.find(roomId)?.invited.delete(participantId);
    },
    end: (roomId) => {
      const room = rooms.find(roomId);
      room?.end("room-ended");
      return room !== undefined;
    },
    changed: (record) => {
      const room = rooms.find(record.roomId);
      if (room === undefined) return;
      room.change(roomChangeSchema.strip().parse(record));
      if (record.state === "open" && !record.lobby) openRoom(room, services);
    },
  };
}
