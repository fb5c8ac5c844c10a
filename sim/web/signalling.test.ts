import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeSocket } from "./_fake-socket.ts";
import { ClientError } from "./errors.ts";
import { SignallingSocket, type AnyEvent } from "./signalling.ts";

const nobody = { event: () => undefined, closed: () => undefined };
let fake: FakeSocket;
let events: AnyEvent[];
let ends: ClientError[];

async function open(): Promise<SignallingSocket> {
  const opening = SignallingSocket.open(fake.socket, {
    event: (event) => events.push(event),
    closed: (reason) => ends.push(reason),
  });
  fake.open();
  return opening;
}

/** With which code it is refused; watched from now on, so that it is never without a watcher. */
async function failureOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClientError) return error.code;
  }
  return undefined;
}

beforeEach(() => {
  vi.useFakeTimers();
  fake = new FakeSocket();
  events = [];
  ends = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a connection", () => {
  test("that cannot be had is unreachable, and its end is not told", async () => {
    const closed = vi.fn<() => void>();
    const opening = SignallingSocket.open(fake.socket, { ...nobody, closed });
    fake.end();
    await expect(opening).rejects.toMatchObject({ code: "unreachable" });
    expect(closed).not.toHaveBeenCalled();
  });

  test("that is not had within 8 s is unreachable", async () => {
    const opening = SignallingSocket.open(fake.socket, nobody);
    const refused = failureOf(opening);
    await vi.advanceTimersByTimeAsync(8000);
    expect(await refused).toBe("unreachable");
    expect(fake.isClosed).toBe(true);
  });

  test("tells its end once", async () => {
    await open();
    fake.end();
    expect(ends.map(({ code }) => code)).toEqual(["disconnected"]);
  });

  test("that we close ourselves tells nothing", async () => {
    (await open()).close();
    expect(ends).toEqual([]);
  });
});

describe("a request", () => {
  test("is answered by its number, whatever the order", async () => {
    const { ask } = await open();
    const [first, second] = [ask("raiseHand", {}), ask("ping", {})];
    fake.answer("ping", {});
    fake.answer("raiseHand", { position: 2 });
    expect(await Promise.all([first, second])).toEqual([{ position: 2 }, {}]);
  });

  test("is refused with the server's code, and when another try may do", async () => {
    const { ask } = await open();
    const asked = ask("raiseHand", {});
    fake.refuse("raiseHand", "too-many-requests", { retryAfterMs: 1500 });
    await expect(asked).rejects.toMatchObject({ code: "too-many-requests", retryAfterMs: 1500 });
  });

  test("whose answer does not fit fails", async () => {
    const { ask } = await open();
    const asked = ask("raiseHand", {});
    fake.answer("raiseHand", { position: "first" });
    await expect(asked).rejects.toMatchObject({ code: "protocol" });
  });

  test("is given up after 10 s, and a late answer harms nothing", async () => {
    const { ask } = await open();
    const refused = failureOf(ask("ping", {}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await refused).toBe("unreachable");
    fake.answer("ping", {});
    expect(ends).toEqual([]);
  });

  test("fails with the connection, and after it", async () => {
    const { ask } = await open();
    const asked = ask("ping", {});
    fake.end();
    await expect(asked).rejects.toMatchObject({ code: "disconnected" });
    await expect(ask("ping", {})).rejects.toMatchObject({ code: "disconnected" });
  });
});

describe("an event", () => {
  test("is told as parsed", async () => {
    await open();
    fake.event("lobby", { waiting: 3 });
    expect(events).toEqual([{ name: "lobby", body: { waiting: 3 } }]);
  });

  test.each([
    ["that there is not", { event: "toString", body: {} }],
    ["that does not fit", { event: "lobby", body: { waiting: -1 } }],
    ["in bytes of another kind", "{"],
    ["that is no message", { hello: 1 }],
  ])("%s ends the connection as a fault of the server", async (_what, message) => {
    await open();
    fake.say(message);
    expect(ends.map(({ code }) => code)).toEqual(["protocol"]);
    expect(fake.isClosed).toBe(true);
  });

  test("is never thrown by, whatever the server sends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.jsonValue()), async (message) => {
        fake = new FakeSocket();
        ends = [];
        await open();
        expect(() => {
          fake.say(message);
        }).not.toThrow();
        expect(ends.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
