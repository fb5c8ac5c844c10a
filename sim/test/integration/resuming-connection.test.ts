/** A connection that takes up its place again, against servers that do as they are told. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { afterEach, describe, expect, test } from "vitest";
import { ResumingConnection } from "../../participant/resuming-connection.ts";
import type { SessionError } from "../../participant/errors.ts";
import { systemClock } from "../../util/clock.ts";

type Asked = { id: number; request: string; body: { resumeToken?: string } };

const servers: WebSocketServer[] = [];
const connections: ResumingConnection[] = [];
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
  for (const server of servers.splice(0)) {
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
});

/** A server that keeps what it was asked, by connection, and answers as it is told. */
async function scripted(answer: (asked: Asked, socket: WebSocket, connection: number) => void): Promise<{
  url: string;
  asked: string[];
}> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  servers.push(server);
  const asked: string[] = [];
  let connection = 0;
  server.on("connection", (socket) => {
    const number = connection++;
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Asked;
      asked.push(`${number} ${message.request} ${message.body.resumeToken ?? ""}`.trim());
      answer(message, socket, number);
    });
  });
  await once(server, "listening");
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/room`, asked };
}

function ok(socket: WebSocket, { id }: Asked, body: unknown): void {
  socket.send(JSON.stringify({ id, ok: true, body }));
}

function place(resumeToken: string): unknown {
  return {
    participantId: "a",
    roomId: "room",
    role: "listener",
    seat: null,
    stage: [],
    audience: null,
    audienceSize: 1,
    rtpCapabilities: {},
    resumeToken,
    transports: [],
    published: [],
    handRaised: false,
    stageInvitation: null,
  };
}

/** A connection with a place, all that it tells in its order, and what it was lost by. */
async function placed(url: string, isOver = false) {
  const told: string[] = [];
  const lost = Promise.withResolvers<SessionError>();
  const connection = await ResumingConnection.open({
    url,
    clock: systemClock,
    handlers: {
      event: (name) => told.push(name),
      away: () => told.push("away"),
      back: (_answer, awayMs) => {
        told.push("back");
        expect(awayMs).toBeGreaterThanOrEqual(0);
      },
      lost: (error) => {
        told.push("lost");
        lost.resolve(error);
      },
      isOver: () => isOver,
    },
    signal: AbortSignal.timeout(5000),
  });
  connections.push(connection);
  connection.keepPlace("first");
  return { connection, told, lost: lost.promise };
}

describe("a connection that goes", () => {
  test("is followed by another that takes up the place, time and again, each with the token of the last", async () => {
    const { url, asked } = await scripted((message, socket, connection) => {
      if (message.request === "resume") ok(socket, message, place(`after ${connection}`));
      else socket.terminate();
    });
    const { connection, told } = await placed(url);
    for (const times of [1, 2]) {
      await expect(connection.request("ping", {})).rejects.toMatchObject({ failure: "disconnected" });
      await expect.poll(() => told.filter((what) => what === "back").length).toBe(times);
    }
    expect(asked).toEqual(["0 ping", "1 resume first", "1 ping", "2 resume after 1"]);
    expect(told).toEqual(["away", "back", "away", "back"]);
  });

  test("has told what follows the answer only after the answer, though both come at once", async () => {
    const { url } = await scripted((message, socket) => {
      if (message.request !== "resume") {
        socket.terminate();
        return;
      }
      ok(socket, message, place("next"));
      for (const participantId of ["x", "y"])
        socket.send(JSON.stringify({ event: "memberLeft", body: { participantId } }));
    });
    const { connection, told } = await placed(url);
    await expect(connection.request("ping", {})).rejects.toMatchObject({ name: "SessionError" });
    await expect.poll(() => told.length).toBe(4);
    expect(told).toEqual(["away", "back", "memberLeft", "memberLeft"]);
  });

  test("loses no request that is asked across it, and refuses others at once while it is away", async () => {
    let resumes = 0;
    const { url, asked } = await scripted((message, socket, connection) => {
      if (connection === 0) socket.terminate();
      else if (message.request !== "resume") ok(socket, message, {});
      else if (++resumes === 1) socket.close();
      else ok(socket, message, place("next"));
    });
    const { connection, told } = await placed(url);
    const across = connection.requestAcross("ping", {});
    await expect.poll(() => told).toContain("away");
    await expect(connection.request("ping", {})).rejects.toMatchObject({ failure: "disconnected" });
    await expect(across).resolves.toEqual({});
    expect(asked.at(-1)).toBe("2 ping");
  });

  test.each<[string, boolean, (asked: Asked, socket: WebSocket) => void, RegExp, connections: number]>([
    [
      "whose place is gone",
      false,
      (message, socket) => {
        if (message.request !== "resume") socket.terminate();
        else {
          const error = { code: "cannot-resume", message: "join anew" };
          socket.send(JSON.stringify({ id: message.id, ok: false, error }));
        }
      },
      /closed.*cannot-resume: join anew/,
      2,
    ],
    [
      "since the server sent what does not fit",
      false,
      (_message, socket) => {
        socket.send("nonsense");
      },
      /not JSON/,
      1,
    ],
    [
      "since the server let the participant go",
      true,
      (_message, socket) => {
        socket.close();
      },
      /closed/,
      1,
    ],
  ])("%s is lost, once, and is not tried again", async (_what, isOver, answer, message, opened) => {
    const { url, asked } = await scripted(answer);
    const { connection, told, lost } = await placed(url, isOver);
    const across = connection.requestAcross("ping", {});
    across.catch(() => undefined);
    expect((await lost).message).toMatch(message);
    await expect(across).rejects.toMatchObject({ name: "SessionError" });
    expect(told.filter((what) => what === "lost")).toHaveLength(1);
    expect(new Set(asked.map((line) => line.split(" ")[0])).size).toBe(opened);
  });
});

describe("closing", () => {
  test("gives up the place, so that nobody waits for who does not come back", async () => {
    const { url, asked } = await scripted(() => undefined);
    const { connection, told } = await placed(url);
    connection.close();
    connection.close();
    await expect.poll(() => asked).toEqual(["0 leave"]);
    expect(told).toEqual([]);
  });

  test("while it is away ends all attempts, and whoever waits is told", async () => {
    const { url } = await scripted((_message, socket) => {
      socket.terminate();
    });
    const { connection, told } = await placed(url);
    const across = connection.requestAcross("ping", {});
    await expect.poll(() => told).toContain("away");
    connection.close();
    await expect(across).rejects.toMatchObject({ failure: "disconnected" });
    expect(told).toEqual(["away"]);
  });

  test("a request that waits for the way back no longer than its signal says so", async () => {
    const { url } = await scripted((_message, socket) => {
      socket.terminate();
    });
    const { connection, told } = await placed(url);
    await expect(connection.request("ping", {})).rejects.toMatchObject({ name: "SessionError" });
    await expect.poll(() => told).toContain("away");
    await expect(connection.requestAcross("ping", {}, AbortSignal.timeout(50))).rejects.toMatchObject({
      failure: "unreachable",
    });
  });
});
