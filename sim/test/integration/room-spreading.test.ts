import { expect, test } from "vitest";
import { LiveRoom, talkingAt } from "./_live-room.ts";

const listeners = 40;

test(
  "a room larger than one worker takes is spread over two by pipes: nothing is lost, all hear all",
  { timeout: 60_000 },
  async () => {
    // Two streams each: 20 listeners fill a router.
    await using room = await LiveRoom.open({ workers: 2, media: { maxConsumersPerRouter: listeners } });
    await room.addSpeaker(talkingAt(() => 30));
    await room.addSpeaker(talkingAt(() => 30));
    await room.addListeners(listeners);
    const byPort = Map.groupBy(room.listeners, ({ peers }) => peers.media?.port);
    expect([...byPort.values()].map(({ length }) => length)).toEqual([listeners / 2, listeners / 2]);
    await room.heardByAll(200);
    expect(room.broken).toEqual([]);
    for (const { expected, received, lost } of await room.end()) {
      expect(expected).toBeGreaterThanOrEqual(200);
      expect({ received, lost }).toEqual({ received: expected, lost: 0 });
    }
  },
);

test(
  "the death of the worker that a room's producers are on brings it back on the other, for all",
  { timeout: 60_000 },
  async () => {
    await using room = await LiveRoom.open({ workers: 2, media: { maxConsumersPerRouter: 4 } });
    await room.addSpeaker(talkingAt(() => 30));
    await room.addListeners(8);
    await room.heardByAll(20);
    const refused = room.engine.report().refused;
    const home = room.server.workers.find(({ port }) => port === room.speakers[0]?.peers.media?.port);
    const others = room.listeners.filter(({ peers }) => peers.media?.port !== home?.port);
    expect(others).toHaveLength(4);
    process.kill(home?.pid ?? 0, "SIGKILL");
    await expect.poll(() => room.speakers[0]?.restarts, { timeout: 5000 }).toBe(1);
    await room.heardByAll(50, 5000);
    // Only those whose transport was lost connected anew.
    expect(room.listeners.filter(({ restarts }) => restarts === 1)).toHaveLength(4);
    expect(others.every(({ restarts }) => restarts === 0)).toBe(true);
    expect(room.broken).toEqual([]);
    await room.end();
    expect(room.engine.report().refused).toEqual(refused);
  },
);
