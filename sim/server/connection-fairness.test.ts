import { EventEmitter } from "node:events";
import { setImmediate as loopTurn } from "node:timers/promises";
import type { WebSocket } from "ws";
import { describe, expect, test } from "vitest";
import { Connection } from "./connection.ts";
import { createEvents } from "./events.ts";
import { createServerLogger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";

const events = createEvents({
  logger: createServerLogger("silent"),
  metrics: createMetrics({
    census: () => ({
      rooms: 0,
      participants: { host: 0, moderator: 0, speaker: 0, listener: 0 },
      transports: 0,
      producers: 0,
      consumers: 0,
    }),
    connections: () => 0,
    workerUsage: async () => [],
    packets: async () => ({ received: 0, forwarded: 0 }),
    outside: async () => ({
      storedRooms: { scheduled: 0, open: 0, ended: 0 },
      webhooksWaiting: 0,
      ticketsOpen: 0,
      draining: false,
    }),
  }),
  hooks: { arrived: () => undefined, gone: () => undefined, webhook: () => undefined },
});

/** A socket of which only the messages are real. */
class FakeSocket extends EventEmitter {
  readonly sent: string[] = [];
  readonly bufferedAmount = 0;
  isPaused = false;
  send(text: string): void {
    this.sent.push(text);
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

function connect() {
  const socket = new FakeSocket();
  new Connection({
    socket: socket as unknown as WebSocket,
    maxBufferedBytes: 1024,
    events,
    answer: async (message) => `answer to ${message ?? "bytes"}`,
    onClosed: () => undefined,
  });
  const say = (text: string): void => {
    socket.emit("message", Buffer.from(text), false);
  };
  return { socket, say };
}

/** How often the event loop turns until this is so. */
async function turnsUntil(done: () => boolean): Promise<number> {
  let turns = 0;
  while (!done()) {
    await loopTurn();
    turns++;
    if (turns > 10_000) throw new Error("it never came");
  }
  return turns;
}

describe("a client that floods", () => {
  test("is answered in order, few at a time, and not read while it has too much to be answered", async () => {
    const { socket, say } = connect();
    for (let index = 0; index < 5000; index++) say(String(index));
    expect(socket.isPaused).toBe(true);
    const turns = await turnsUntil(() => socket.sent.length === 5000);
    expect(turns).toBeGreaterThan(5000 / 10);
    expect(socket.sent).toEqual(Array.from({ length: 5000 }, (_, index) => `answer to ${index}`));
    await turnsUntil(() => !socket.isPaused);
  });

  test("holds up nobody else: the other is answered within a few turns of the event loop", async () => {
    const flood = connect();
    const other = connect();
    for (let index = 0; index < 5000; index++) flood.say(String(index));
    await loopTurn();
    other.say("ping");
    expect(await turnsUntil(() => other.socket.sent.length === 1)).toBeLessThanOrEqual(2);
    expect(flood.socket.sent.length).toBeLessThan(100);
    await turnsUntil(() => flood.socket.sent.length === 5000);
  });

  test("may come in pieces: what arrives between two answers keeps its place", async () => {
    const { socket, say } = connect();
    for (let piece = 0; piece < 20; piece++) {
      for (let index = 0; index < 20; index++) say(String(piece * 20 + index));
      await loopTurn();
    }
    await turnsUntil(() => socket.sent.length === 400);
    expect(socket.sent).toEqual(Array.from({ length: 400 }, (_, index) => `answer to ${index}`));
  });
});
