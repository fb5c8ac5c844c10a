import { describe, expect, test } from "vitest";

import { Room } from "./_room-model.ts";

/** A host, two more on the stage, a listener; all have keys. */
async function opened(): Promise<Room> {
  const room = new Room();
  room.host = "host";
  await room.addSpeaker("host");
  await room.addSpeaker("ada");
  await room.addSpeaker("bob");
  await room.addListener("lea");
  await room.pass(1200);
  return room;
}

/** Of all speakers' next frames, which a listener opens. */
function heard(room: Room, id: string): string[] {
  return [...room.speakers.values()].map((speaker) => {
    const frame = speaker.speak(room.nowMs);
    return frame === null ? "silent" : room.listener(id).decrypt(frame, room.nowMs).kind;
  });
}

describe("a stage", () => {
  test("comes into one group, speaks under one secret, and the audience hears all", async () => {
    const room = await opened();
    expect(heard(room, "lea")).toEqual(["ok", "ok", "ok"]);
    expect([...room.speakers.values()].map(({ status }) => status?.isDealer)).toEqual([true, false, false]);
    expect(new Set([...room.speakers.values()].map(({ generation }) => generation)).size).toBe(1);
    const numbers = new Set([...room.speakers.values()].map(({ status }) => status?.safetyNumber));
    expect(numbers.size).toBe(1);
    expect([...numbers][0]).toMatch(/^(\d{5} ){5}\d{5}$/u);
    for (const { status } of room.speakers.values()) {
      expect(status).toMatchObject({
        refused: 0,
        unvouched: 0,
        differences: { unannounced: [], unsigned: [] },
      });
    }
  });
});
