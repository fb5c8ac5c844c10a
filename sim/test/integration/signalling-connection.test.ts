import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import fc from "fast-check";
import { WebSocketServer, type WebSocket } from "ws";
import { SignallingConnection } from "../../participant/signalling-connection.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { ignoredEvents, type TargetEvents } from "../../participant/target.ts";
import type { EventName } from "../../protocol/signalling.ts";

const servers: WebSocketServer[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          for (const client of server.clients) client.terminate();
          server.close(resolve);
        }),
    ),
  );
});

/** A server that does with each connection, and each message, as it is told. */
async function scripted(
  onMessage: (socket: WebSocket, message: { id: number; request: string; body: unknown }) => void,
  onConnection: (socket: WebSocket) => void = () => undefined,
): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  servers.push(server);
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      onMessage(socket, JSON.parse(data.toString()) as { id: number; request: string; body: unknown });
    });
    onConnection(socket);
  });
  await once(server, "listening");
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" ? address?.port : 0}/room`;
}

function open(url: string, onEvent: (name: EventName, body: unknown) => void = () => undefined) {
  const closed = Promise.withResolvers<string>();
  let closes = 0;
  const connection = SignallingConnection.open(
    url,
    {
      event: onEvent,
      closed: (message) => {
        closes++;
        closed.resolve(message);
      },
    },
    AbortSignal.timeout(5000),
  );
  return { connection, closed: closed.promise, closes: () => closes };
}

const answer = (id: number, body: unknown): string => JSON.stringify({ id, ok: true, body });
const event = (name: string, body: unknown): string => JSON.stringify({ event: name, body });

describe("requests", () => {
  test("get their own answers, in whatever order they come", async () => {
    const held: { socket: WebSocket; id: number }[] = [];
    const url = await scripted((socket, { id }) => {
      held.push({ socket, id });
      if (held.length < 3) return;
      for (const one of held.toReversed()) one.socket.send(answer(one.id, { streamId: `s${one.id}` }));
    });
    const connection = await open(url).connection;
    const rtpParameters = { codecs: [{ mimeType: "audio/opus", payloadType: 111 }] };
    const ask = () => connection.request("publish", { transportId: "t", rtpParameters });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([
      { streamId: "s1" },
      { streamId: "s2" },
      { streamId: "s3" },
    ]);
    connection.close();
  });

  test("that the server refuses say so with its code and words", async () => {
    const url = await scripted((socket, { id }) => {
      socket.send(
        JSON.stringify({ id, ok: false, error: { code: "room-full", message: "no seat is left" } }),
      );
    });
    const connection = await open(url).connection;
    await expect(connection.request("ping", {})).rejects.toMatchObject({
      failure: "refused",
      message: "room-full: no seat is left",
    });
    connection.close();
  });

  test("whose answer does not fit fail, and the connection stays", async () => {
    const url = await scripted((socket, { id, request }) => {
      socket.send(answer(id, request === "ping" ? {} : { missing: "a list it is not" }));
    });
    const connection = await open(url).connection;
    await expect(connection.request("relay", { messages: [] })).rejects.toMatchObject({
      failure: "protocol",
    });
    expect(await connection.request("ping", {})).toEqual({});
    connection.close();
  });

  test("that are not answered are given up, and an answer that comes afterwards is let pass", async () => {
    let late: (() => void) | undefined;
    const url = await scripted((socket, { id }) => {
      if (late === undefined)
        late = () => {
          socket.send(answer(id, {}));
        };
      else socket.send(answer(id, {}));
    });
    const { connection, closes } = open(url);
    const signalling = await connection;
    await expect(signalling.request("ping", {}, AbortSignal.timeout(20))).rejects.toMatchObject({
      failure: "unreachable",
      message: "no answer to ping in time",
    });
    late?.();
    expect(await signalling.request("ping", {})).toEqual({});
    expect(closes()).toBe(0);
    await expect(signalling.request("ping", {}, AbortSignal.abort())).rejects.toMatchObject({
      failure: "unreachable",
    });
    signalling.close();
  });

  test("that wait when the connection goes fail with it, and later ones at once", async () => {
    const url = await scripted((socket) => {
      socket.close(1011, "worker died");
    });
    const { connection, closed, closes } = open(url);
    const signalling = await connection;
    const asked = [signalling.request("ping", {}), signalling.request("leave", {})];
    for (const request of asked) await expect(request).rejects.toMatchObject({ failure: "disconnected" });
    expect(await closed).toBe("signalling connection closed (1011, worker died)");
    await expect(signalling.request("ping", {})).rejects.toMatchObject({ failure: "disconnected" });
    expect(closes()).toBe(1);
  });
});

describe("events", () => {
  test("are parsed and passed on, from the first moment of the connection", async () => {
    const seen = vi.fn<(name: EventName, body: unknown) => void>();
    const url = await scripted(
      () => undefined,
      (socket) => {
        socket.send(event("memberLeft", { participantId: "ada" }));
      },
    );
    const connection = await open(url, seen).connection;
    await expect.poll(() => seen.mock.calls).toEqual([["memberLeft", { participantId: "ada" }]]);
    connection.close();
  });

  test("that the handler cannot use end this connection, not the process", async () => {
    const url = await scripted((socket) => {
      const member = { participantId: "a", name: "A", role: "speaker", seat: 256, publicKey: null };
      socket.send(event("memberJoined", { member }));
    });
    const { connection, closed } = open(url, () => {
      throw new RangeError("a seat is an integer from 0 to 255; found 256");
    });
    const signalling = await connection;
    await expect(signalling.request("ping", {})).rejects.toMatchObject({ failure: "protocol" });
    expect(await closed).toContain("found 256");
  });
});

describe("a server that does not speak the protocol", () => {
  test.each([
    ["no JSON", "{"],
    ["JSON that is no object", "[1]"],
    ["neither answer nor event", '{"hello":1}'],
    ["an answer with more than belongs there", '{"id":1,"ok":true,"body":{},"more":1}'],
    ["an answer to nothing", '{"id":77,"ok":true,"body":{}}'],
    ["an answer without an id", '{"id":null,"ok":false,"error":{"code":"bad-message","message":"what?"}}'],
    ["an error of no known code", '{"id":1,"ok":false,"error":{"code":"gremlins","message":"x"}}'],
    ["an unknown event", event("gremlins", {})],
    ["an event out of the prototype", event("toString", {})],
    ["an event that does not fit", event("memberLeft", { participantId: 5 })],
    ["an event with more than belongs there", event("removed", { reason: "kicked", more: 1 })],
  ])("with %s is left, and what waits fails", async (_what, text) => {
    const url = await scripted((socket) => {
      socket.send(text);
    });
    const { connection, closed, closes } = open(url, () => {
      throw new Error("nothing of this may reach the handler");
    });
    const signalling = await connection;
    await expect(signalling.request("ping", {})).rejects.toMatchObject({ failure: "protocol" });
    expect(await closed).toMatch(/^the server sent an? /);
    expect(closes()).toBe(1);
  });

  test("with anything at all ends in an error of ours, never in a crash", async () => {
    const texts = fc.sample(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.json().map((json) => `{"event":"sealed","body":${json}}`),
      ),
      60,
    );
    const url = await scripted((socket, { id }) => {
      socket.send(texts[id % texts.length] ?? "");
      socket.send(texts.pop() ?? "");
    });
    for (let round = 0; round < 30; round++) {
      const signalling = await open(url).connection;
      await expect(signalling.request("ping", {})).rejects.toMatchObject({ failure: "protocol" });
    }
  });

  test("with a message far too large is left", async () => {
    const url = await scripted((socket) => {
      socket.send(event("sealed", { from: "a", sealed: "A".repeat(4 * 1024 * 1024) }));
    });
    const { connection, closed } = open(url);
    await expect((await connection).request("ping", {})).rejects.toMatchObject({ failure: "protocol" });
    expect(await closed).toContain("Max payload size exceeded");
  });
});

describe("opening", () => {
  test("where nobody listens is unreachable, and says where", async () => {
    const { connection } = open("ws://127.0.0.1:1/room");
    await expect(connection).rejects.toMatchObject({
      failure: "unreachable",
      message: expect.stringMatching(/ws:\/\/127\.0\.0\.1:1\/room: .*ECONNREFUSED/),
    });
  });

  test("at a server that does not take WebSockets, or not in time, is unreachable", async () => {
    const url = await scripted(() => undefined);
    await expect(
      SignallingConnection.open(
        url,
        { event: () => undefined, closed: () => undefined },
        AbortSignal.abort(),
      ),
    ).rejects.toMatchObject({ failure: "unreachable" });
    const silent = (await import("node:net")).createServer();
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    await expect(
      SignallingConnection.open(
        `ws://127.0.0.1:${port}/room`,
        { event: () => undefined, closed: () => undefined },
        AbortSignal.timeout(50),
      ),
    ).rejects.toMatchObject({ failure: "unreachable", message: expect.stringContaining("in time") });
    silent.close();
  });

  test("tells whom it really talks to", async () => {
    const url = await scripted(() => undefined);
    const connection = await open(url).connection;
    expect(connection.peer).toEqual({ address: "127.0.0.1", port: Number(new URL(url).port) });
    connection.close();
  });
});

describe("joining a room server", () => {
  const join = (url: string, signal: AbortSignal) => {
    const ended = vi.fn<TargetEvents["ended"]>();
    const session = createSoundcheckTarget({ url, room: "room", tokenSecret: new Uint8Array(32) }).join(
      {
        accountId: "a",
        name: "A",
        role: "listener",
        publicKey: undefined,
        direction: "receive",
        fingerprint: "AB",
        signal,
      },
      { ...ignoredEvents, ended },
    );
    return { session, ended };
  };
  const joined = {
    participantId: "a",
    roomId: "room",
    role: "listener",
    seat: null,
    stage: [],
    audience: null,
    audienceSize: 1,
    rtpCapabilities: {},
  };
  const transport = {
    transportId: "t",
    iceParameters: { usernameFragment: "u", password: "p" },
    iceCandidates: [],
    dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: "AB" }] },
  };

  test("that never answers ends when its time is over", async () => {
    const url = await scripted(() => undefined);
    const { session, ended } = join(url, AbortSignal.timeout(100));
    await expect(session).rejects.toMatchObject({
      failure: "unreachable",
      message: "no answer to join in time",
    });
    expect(ended).not.toHaveBeenCalled();
  });

  test("that gives no transport is not one", async () => {
    const url = await scripted((socket, { id }) => {
      socket.send(answer(id, joined));
    });
    await expect(join(url, AbortSignal.timeout(5000)).session).rejects.toMatchObject({ failure: "protocol" });
  });

  test("that removes us is told from one that is gone", async () => {
    const url = await scripted((socket, { id }) => {
      socket.send(answer(id, { ...joined, transport }));
      socket.send(event("removed", { reason: "room-ended" }));
      socket.close(1000);
    });
    const { session, ended } = join(url, AbortSignal.timeout(5000));
    await session;
    await expect
      .poll(() => ended.mock.calls)
      .toEqual([[{ kind: "removed", message: "removed by the server: room-ended" }]]);
  });

  test("that hangs on our leave is left all the same, and that is no break", async () => {
    const url = await scripted((socket, { id, request }) => {
      if (request === "join") socket.send(answer(id, { ...joined, transport }));
    });
    const { session, ended } = join(url, AbortSignal.timeout(5000));
    await expect((await session).leave()).rejects.toMatchObject({ message: "no answer to leave in time" });
    expect(ended).not.toHaveBeenCalled();
  });
});
