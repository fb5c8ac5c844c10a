import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { AgentMessage } from "../../protocol/fleet.ts";
import { VuServer, type Seat } from "../../fleet/vu-server.ts";

type Final = Extract<AgentMessage, { type: "final" }>;

const final: Final = {
  type: "final",
  sent: 0,
  expected: 1,
  received: 1,
  lost: 0,
  late: 0,
  refused: 0,
  samples: [12],
  totals: { sent: 0, expected: 1, received: 1, lost: 0 },
};

let server: VuServer;
let log: string[];
/** How the next participant is seated. */
let seat: (index: number, send: (message: AgentMessage) => void) => Promise<Seat>;

beforeEach(async () => {
  // The last test's sockets may still close: they write into a log of their own.
  const written: string[] = [];
  log = written;
  seat = (index, send) => {
    written.push(`seat ${index}`);
    send({ type: "joined", joinMs: 5 });
    return Promise.resolve({
      leave: () => {
        written.push(`leave ${index}`);
        return Promise.resolve(final);
      },
      cut: () => {
        written.push(`cut ${index}`);
      },
    });
  };
  server = await VuServer.listen({
    host: "127.0.0.1",
    runId: "run-1",
    kind: "audience",
    seat: (index, send) => seat(index, send),
  });
});
afterEach(() => {
  server.close();
});

/** A VU that keeps what it is told. */
async function vu() {
  const socket = new WebSocket(server.url);
  const messages: AgentMessage[] = [];
  const closed = new Promise<number>((resolve) => {
    socket.on("close", resolve);
  });
  socket.on("message", (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as AgentMessage);
  });
  await once(socket, "open");
  return {
    socket,
    messages,
    closed,
    say: (message: unknown) => {
      socket.send(typeof message === "string" ? message : JSON.stringify(message));
    },
  };
}

const hello = (index: number, more: object = {}) => ({
  type: "hello",
  version: 1,
  runId: "run-1",
  kind: "audience",
  index,
  ...more,
});
const leave = { type: "leave" };

describe("a VU", () => {
  test("says hello, is seated, leaves, and gets the final account before the socket closes", async () => {
    const { say, messages, closed } = await vu();
    say(hello(3));
    say(leave);
    expect(await closed).toBe(1000);
    expect(messages).toEqual([{ type: "joined", joinMs: 5 }, final]);
    expect(log).toEqual(["seat 3", "leave 3"]);
  });

  test("that goes without leaving is cut", async () => {
    const { say, socket, closed } = await vu();
    say(hello(3));
    await expect.poll(() => log).toEqual(["seat 3"]);
    socket.terminate();
    await closed;
    await expect.poll(() => log).toEqual(["seat 3", "cut 3"]);
  });

  test("that goes while it is being seated is cut once it is", async () => {
    const seating = Promise.withResolvers<Seat>();
    const usual = seat;
    seat = async (index, send) => {
      const seated = await usual(index, send);
      await seating.promise;
      return seated;
    };
    const { say, socket, closed } = await vu();
    say(hello(4));
    await expect.poll(() => log).toEqual(["seat 4"]);
    socket.terminate();
    await closed;
    expect(log).toEqual(["seat 4"]);
    seating.resolve({ leave: () => Promise.resolve(final), cut: () => undefined });
    await expect.poll(() => log).toEqual(["seat 4", "cut 4"]);
  });

  test("that goes after asking to leave, before its account is there, is cut too", async () => {
    const leaving = Promise.withResolvers<Final>();
    const usual = seat;
    seat = async (index, send) => ({ ...(await usual(index, send)), leave: () => leaving.promise });
    const { say, socket, closed } = await vu();
    say(hello(5));
    say(leave);
    await expect.poll(() => log).toEqual(["seat 5"]);
    socket.terminate();
    await closed;
    await expect.poll(() => log).toEqual(["seat 5", "cut 5"]);
    leaving.resolve(final);
  });

  test("that may leave only once it is seated waits for that", async () => {
    const seating = Promise.withResolvers<void>();
    const usual = seat;
    seat = async (index, send) => {
      await seating.promise;
      return usual(index, send);
    };
    const { say, messages, closed } = await vu();
    say(hello(6));
    say(leave);
    seating.resolve();
    expect(await closed).toBe(1000);
    expect(messages.at(-1)).toEqual(final);
  });
});

describe("is refused with what was wrong:", () => {
  test.each<[string, unknown[], RegExp]>([
    ["a leave before hello", [leave], /leave before hello/],
    ["hello twice", [hello(1), hello(1)], /hello twice/],
    ["leave twice", [hello(1), leave, leave], /leave twice/],
    ["garbage", ["{"], /neither hello nor leave/],
    ["a digest of its own", [{ type: "digest" }], /neither hello nor leave/],
    ["another version", [hello(1, { version: 2 })], /another version/],
    ["more than belongs there", [hello(1, { more: 1 })], /neither hello nor leave/],
    ["a seat that is no number", [hello(1, { index: "1" })], /neither hello nor leave/],
    ["a seat below zero", [hello(-1)], /neither hello nor leave/],
    [
      "another run",
      [hello(1, { runId: "run-2" })],
      /seats the audience of run run-1, not the audience of run-2/,
    ],
    [
      "the other kind",
      [hello(1, { kind: "stage" })],
      /seats the audience of run run-1, not the stage of run-1/,
    ],
  ])("%s", async (_what, said, message) => {
    // A leave that hangs: the second one comes while the first is under way.
    const usual = seat;
    seat = async (index, send) => ({
      ...(await usual(index, send)),
      leave: () => new Promise(() => undefined),
    });
    const { say, messages, closed } = await vu();
    for (const one of said) say(one);
    expect(await closed).toBe(1008);
    expect(messages.at(-1)).toEqual({
      type: "failed",
      cause: "protocol",
      message: expect.stringMatching(message),
    });
  });

  test("a seat that is taken, though whoever took it has left", async () => {
    const first = await vu();
    first.say(hello(9));
    first.say(leave);
    await first.closed;
    const second = await vu();
    second.say(hello(9));
    expect(await second.closed).toBe(1008);
    expect(second.messages).toEqual([
      { type: "failed", cause: "protocol", message: "seat 9 of the audience is taken" },
    ]);
    expect(log).toEqual(["seat 9", "leave 9"]);
  });

  test("a message far too long", async () => {
    const { say, closed } = await vu();
    say(" ".repeat(10_000));
    expect(await closed).toBe(1009);
  });

  test("and whoever was seated when refused is cut", async () => {
    const { say, closed } = await vu();
    say(hello(2));
    say("garbage");
    expect(await closed).toBe(1008);
    await expect.poll(() => log).toEqual(["seat 2", "cut 2"]);
  });
});

describe("a fault of ours", () => {
  test("while seating is told, and ends nothing else", async () => {
    const usual = seat;
    seat = (index, send) => (index === 1 ? Promise.reject(new Error("no more threads")) : usual(index, send));
    const [broken, fine] = [await vu(), await vu()];
    fine.say(hello(2));
    broken.say(hello(1));
    expect(await broken.closed).toBe(1011);
    expect(broken.messages).toEqual([
      { type: "failed", cause: "harness", message: "Error: no more threads" },
    ]);
    fine.say(leave);
    expect(await fine.closed).toBe(1000);
  });

  test("while leaving is told", async () => {
    const usual = seat;
    seat = async (index, send) => ({
      ...(await usual(index, send)),
      leave: () => Promise.reject(new Error("no account")),
    });
    const { say, messages, closed } = await vu();
    say(hello(1));
    say(leave);
    expect(await closed).toBe(1011);
    expect(messages.at(-1)).toEqual({ type: "failed", cause: "harness", message: "Error: no account" });
  });
});

test("the end of a run closes every VU's socket", async () => {
  const { say, closed } = await vu();
  say(hello(1));
  await expect.poll(() => log).toEqual(["seat 1"]);
  server.close();
  expect(await closed).toBe(1001);
});
