import { setTimeout as delay } from "node:timers/promises";
import type { types } from "mediasoup";
import type { Participant } from "./participant.ts";
import type { Stream } from "./stream.ts";

/** A worker that has not answered by then is asked again at the next scrape. */
const answerMs = 1000;
/** Two figures of one scrape are of one reading. */
const freshMs = 500;

/** What one stream has brought so far, and to how many it goes now. */
export type StreamCount = { readonly id: string; readonly packets: number; readonly receivers: number };

export type PacketTotals = { readonly received: number; readonly forwarded: number };

/** A room, as far as packets go. */
type CountedRoom = {
  readonly media: { readonly streams: ReadonlyMap<string, Stream> };
  readonly participants: ReadonlyMap<string, Participant>;
};

/**
 * Packets of media in and out. Consumers are too many to ask each; but an SFU sends a packet of audio once to each
 * receiver of its stream, so it is enough to ask the streams, and to know how many receivers each had meanwhile: the
 * mean of now and of the reading before. What a stream brought after the last reading before its end is not counted.
 */
export class PacketCounts {
  #received = 0;
  #forwarded = 0;
  #last = new Map<string, StreamCount>();

  get totals(): PacketTotals {
    return { received: this.#received, forwarded: Math.round(this.#forwarded) };
  }

  /** Takes a reading of all streams there are. */
  add(streams: readonly StreamCount[]): void {
    for (const { id, packets, receivers } of streams) {
      const last = this.#last.get(id);
      const since = packets - (last?.packets ?? 0);
      this.#received += since;
      this.#forwarded += since * (last === undefined ? receivers : (last.receivers + receivers) / 2);
    }
    this.#last = new Map(streams.map((stream) => [stream.id, stream]));
  }
}

/** Reads the packets of all rooms, at most once for figures that are asked for together. */
export function packetReader(rooms: () => readonly CountedRoom[]): () => Promise<PacketTotals> {
  const counts = new PacketCounts();
  let reading: Promise<PacketTotals> | undefined;
  const read = async (): Promise<PacketTotals> => {
    counts.add((await Promise.all(rooms().map(readRoom))).flat());
    setTimeout(() => {
      reading = undefined;
    }, freshMs).unref();
    return counts.totals;
  };
  return () => (reading ??= read());
}

async function readRoom({ media, participants }: CountedRoom): Promise<StreamCount[]> {
  let subscribers = 0;
  for (const { subscription } of participants.values()) if (subscription !== undefined) subscribers++;
  const streams = [...media.streams.values()].filter(({ closed }) => !closed);
  const readings = streams.map(async ({ producer, participantId, held }): Promise<StreamCount[]> => {
    const packets = await packetsOf(producer);
    if (packets === undefined) return [];
    // Nobody hears themselves.
    const own = participants.get(participantId)?.subscription === undefined ? 0 : 1;
    return [{ id: producer.id, packets, receivers: held ? 0 : subscribers - own }];
  });
  return (await Promise.all(readings)).flat();
}

async function packetsOf(producer: types.Producer): Promise<number | undefined> {
  const stats = await Promise.race([
    producer.getStats().catch(() => undefined),
    delay(answerMs, undefined, { ref: false }),
  ]);
  return stats?.reduce((sum, { packetCount }) => sum + packetCount, 0);
}
