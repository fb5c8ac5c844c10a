/** What a room of a given size costs while it talks, read from outside. */
import { setTimeout as delay } from "node:timers/promises";
import { withLiveRoom, type RoomSize } from "../../experiment/live-room.ts";

export type RoomFigures = RoomSize & {
  packetsPerSecond: number;
  /** CPU time a forwarded packet, in µs, while everybody is there and talks. */
  workerMicroseconds: number;
  /** CPU time a received packet, in µs, of the listeners' process. */
  audienceMicroseconds: number;
  /** Of which decrypting, by timing a sample of frames, in µs; null without encryption. */
  decryptMicroseconds: number | null;
  /** Resident memory a listener, in KiB: listeners' process, worker and server. */
  memoryKiB: { audience: number; worker: number; server: number };
  /** Null for bare listeners, who count nothing. */
  account: { expected: number; lost: number; late: number } | null;
  lateSendP99Ms: number | null;
  eventLoopP99Ms: number | null;
  pathP50Ms: number | null;
  pathP99Ms: number | null;
};

const settleMs = 3000;

export function benchRoom(size: RoomSize, talkMs: number): Promise<RoomFigures> {
  return withLiveRoom(size, "everyone", async ({ audience, joinStage, read, end }) => {
    await joinStage();
    await delay(settleMs);
    const empty = read();
    await audience.join();
    await delay(settleMs);
    const [before, packetsBefore] = [read(), await audience.packets()];
    await delay(talkMs);
    const [after, packetsAfter] = [read(), await audience.packets()];
    const merged = await end();

    const packets = packetsAfter.expected - packetsBefore.expected;
    const microseconds = (kind: "worker" | "audience"): number =>
      ((after[kind].cpuSeconds - before[kind].cpuSeconds) * 1e6) / packets;
    const kib = (kind: "worker" | "audience" | "server"): number =>
      (after[kind].rssBytes - empty[kind].rssBytes) / 1024 / size.listeners;
    const { histograms } = merged;
    const ms = (seconds: number | null | undefined): number | null =>
      seconds == null ? null : seconds * 1000;
    return {
      ...size,
      packetsPerSecond: (packets * 1000) / talkMs,
      workerMicroseconds: microseconds("worker"),
      audienceMicroseconds: microseconds("audience"),
      decryptMicroseconds: size.suite !== null ? (histograms.sframe_decrypt?.mean ?? NaN) * 1e6 : null,
      memoryKiB: { audience: kib("audience"), worker: kib("worker"), server: kib("server") },
      account: size.bare ? null : merged.packets,
      lateSendP99Ms: ms(histograms.late_send?.quantile(0.99)),
      eventLoopP99Ms: size.bare ? null : ms(histograms.event_loop_delay?.quantile(0.99)),
      pathP50Ms: ms(histograms.path_delay?.quantile(0.5)),
      pathP99Ms: ms(histograms.path_delay?.quantile(0.99)),
    };
  });
}
