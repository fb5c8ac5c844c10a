/** How fast an audience comes in, and what a join takes. */
import { setTimeout as delay } from "node:timers/promises";
import {
  processKinds,
  withLiveRoom,
  type ProcessKind,
  type RoomSize,
  type Talk,
} from "../../experiment/live-room.ts";

export type JoinFigures = RoomSize & {
  talk: Talk;
  joinsPerSecond: number;
  /** CPU time a join, in ms, by process; in a room that talks, with all that is heard meanwhile. */
  cpuMs: Record<ProcessKind, number>;
};

const settleMs = 1000;

export function benchJoins(size: RoomSize, talk: Talk): Promise<JoinFigures> {
  return withLiveRoom(size, talk, async ({ audience, joinStage, read, end }) => {
    await joinStage();
    await delay(settleMs);
    const before = read();
    const joinsPerSecond = await audience.join();
    const after = read();
    await end();
    const cpuMs = Object.fromEntries(
      processKinds.map((kind) => [
        kind,
        ((after[kind].cpuSeconds - before[kind].cpuSeconds) * 1000) / size.listeners,
      ]),
    ) as Record<ProcessKind, number>;
    return { ...size, talk, joinsPerSecond, cpuMs };
  });
}
