import fastify, { type FastifyInstance } from "fastify";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../util/clock.ts";
import { registerAdminApi } from "./admin-api.ts";
import type { LiveRooms } from "./admin-services.ts";
import { AuditLog } from "./audit-log.ts";
import { Drain } from "./drain.ts";
import { RequestError } from "./errors.ts";
import { httpErrorSchema } from "./http-route.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { OpenApi, Operation } from "./openapi.ts";
import type { RoomRecord, Store } from "./store.ts";

const token = "an-admin-token-of-thirty-two-bytes";
const clock = { nowUnixMs: () => 1_800_000_000_000 };

/** Live rooms that only note what they are told. */
class NotedRooms implements LiveRooms {
  readonly rooms = new Map<string, string[]>();
  readonly told: string[] = [];

  list() {
    return [...this.rooms].map(([roomId, inside]) => ({ roomId, participants: inside.length }));
  }
  participants(roomId: string) {
    return (this.rooms.get(roomId) ?? []).map((participantId) => ({
      participantId,
      role: "listener" as const,
      seat: null,
    }));
  }
  putOut(roomId: string, participantId: string, reason: string) {
    const inside = this.rooms.get(roomId) ?? [];
    if (!inside.includes(participantId)) return false;
    this.told.push(`${reason} ${participantId} of ${roomId}`);
    this.rooms.set(
      roomId,
      inside.filter((id) => id !== participantId),
    );
    return true;
  }
  letBackIn(roomId: string, participantId: string) {
    this.told.push(`${participantId} may come back to ${roomId}`);
  }
  uninvited(roomId: string, participantId: string) {
    this.told.push(`${participantId} is not invited to ${roomId}`);
  }
  end(roomId: string) {
    return this.rooms.delete(roomId);
  }
  changed(room: RoomRecord) {
    this.told.push(`changed ${room.roomId}`);
  }
}

let app: FastifyInstance;
let store: Store;
let rooms: NotedRooms;
let faults: unknown[];
let registered: string[];
let refuseAll: boolean;

beforeEach(async () => {
  store = createMemoryStore();
  rooms = new NotedRooms();
  faults = [];
  registered = [];
  refuseAll = false;
  app = fastify();
  app.addHook("onRoute", ({ method, url }) => {
    registered.push(`${String(method)} ${url}`);
  });
  await registerAdminApi(app, {
    token,
    version: "1.2.3",
    store,
    rooms,
    clock,
    audit: new AuditLog({ store, clock, onRecorded: () => undefined, onFault: expect.unreachable }),
    drain: new Drain({
      clock: systemClock,
      population: () => 0,
      tell: () => undefined,
      cut: () => undefined,
    }),
    requireAllowance: () => {
      if (refuseAll) throw new RequestError("too-many-requests", "too many", { retryAfterMs: 1500 });
    },
    onFault: (error) => faults.push(error),
  });
});

type Asked = { method: string; path: string; body?: unknown; authorization?: string | null };

async function ask({ method, path, body, authorization = `Bearer ${token}` }: Asked) {
  const response = await app.inject({
    method: method as "GET",
    url: `/admin${path}`,
    ...(body === undefined ? {} : { payload: body as object }),
    headers: authorization === null ? {} : { authorization },
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body === "" ? undefined : (JSON.parse(response.body) as unknown),
  };
}

async function readDocument(): Promise<OpenApi> {
  return (await ask({ method: "GET", path: "/openapi.json" })).body as OpenApi;
}

function operationsOf(document: OpenApi): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** Holds an answer against what the document says of its status. */
function expectDocumented(
  document: OpenApi,
  operation: Operation,
  answer: { status: number; body: unknown },
): void {
  const documented = operation.responses[answer.status];
  expect(documented, `${operation.operationId} answers ${answer.status}`).toBeDefined();
  const schema = documented?.content?.["application/json"].schema;
  if (schema === undefined) expect(answer.body).toBeUndefined();
  else {
    const resolved = "$ref" in schema ? document.components.schemas["Error"] : schema;
    z.fromJSONSchema(resolved as Parameters<typeof z.fromJSONSchema>[0]).parse(answer.body);
  }
}

/** One of each success and each refusal that the document speaks of, in an order in which they come true. */
const walk: [operationId: string, status: number, path: string, body?: unknown][] = [
  ["createRoom", 201, "/rooms", { roomId: "r", title: "A room", maxStage: 8 }],
  ["createRoom", 409, "/rooms", { roomId: "r", title: "Another" }],
  ["createRoom", 400, "/rooms", { roomId: "s", title: "A room", tilte: "mistyped" }],
  ["listRooms", 200, "/rooms?limit=1&state=open"],
  ["listRooms", 400, "/rooms?limit=0"],
  ["getRoom", 200, "/rooms/r"],
  ["getRoom", 404, "/rooms/none"],
  ["updateRoom", 200, "/rooms/r", { locked: true }],
  ["updateRoom", 404, "/rooms/none", { locked: true }],
  ["updateRoom", 400, "/rooms/r", { state: "ended" }],
  ["listLiveRooms", 200, "/live-rooms"],
  ["listParticipants", 200, "/rooms/r/participants"],
  ["kick", 204, "/rooms/r/participants/kicked"],
  ["kick", 404, "/rooms/r/participants/kicked"],
  ["ban", 200, "/rooms/r/bans/p", { untilUnixMs: null }],
  ["ban", 400, "/rooms/r/bans/p", {}],
  ["listBans", 200, "/rooms/r/bans"],
  ["unban", 204, "/rooms/r/bans/p"],
  ["unban", 404, "/rooms/r/bans/p"],
  ["invite", 200, "/rooms/r/invitations/p"],
  ["invite", 400, "/rooms/r/invitations/p", { why: "no body belongs here" }],
  ["listInvitations", 200, "/rooms/r/invitations"],
  ["uninvite", 204, "/rooms/r/invitations/p"],
  ["uninvite", 404, "/rooms/r/invitations/p"],
  ["listAudit", 200, "/audit?roomId=r&after=1"],
  ["endRoom", 204, "/rooms/r"],
  ["endRoom", 404, "/rooms/r"],
  ["getDrain", 200, "/drain"],
  ["startDrain", 400, "/drain", { deadlineMs: -1 }],
  ["startDrain", 200, "/drain", { deadlineMs: 1000 }],
  ["getDocument", 200, "/openapi.json"],
];

describe("the document of the admin API", () => {
  test("names exactly the routes that there are", async () => {
    const documented = operationsOf(await readDocument()).map(
      ({ method, path }) => `${method} /admin${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
    );
    expect(registered.toSorted()).toEqual(documented.toSorted());
  });

  test("says how each route answers, success and refusal", async () => {
    rooms.rooms.set("r", ["kicked", "p"]);
    const document = await readDocument();
    const operations = operationsOf(document);
    const shown = new Set<string>();
    for (const [operationId, status, path, body] of walk) {
      const found = operations.find(({ operation }) => operation.operationId === operationId);
      if (found === undefined) throw new Error(`${operationId} is not in the document`);
      const answer = await ask({ method: found.method, path, body });
      expect(answer.status, `${operationId}: ${JSON.stringify(answer.body)}`).toBe(status);
      expectDocumented(document, found.operation, answer);
      shown.add(`${operationId} ${status}`);
    }
    const common = new Set(["400", "401", "429"]);
    const promised = operations.flatMap(({ operation }) =>
      Object.keys(operation.responses)
        .filter((status) => !common.has(status))
        .map((status) => `${operation.operationId} ${status}`),
    );
    expect(promised.filter((one) => !shown.has(one))).toEqual([]);
    expect(faults).toEqual([]);
  });

  test("says that each route wants the token, and each does", async () => {
    const document = await readDocument();
    const wrong = [null, "", "Bearer", `Basic ${token}`, `Bearer ${token}x`, `Bearer ${token.slice(1)}`];
    for (const { method, path, operation } of operationsOf(document)) {
      for (const authorization of wrong) {
        const answer = await ask({ method, path, authorization, body: method === "GET" ? undefined : {} });
        expect(answer.status).toBe(401);
        expect(answer.headers["www-authenticate"]).toBe("Bearer");
        expectDocumented(document, operation, answer);
      }
    }
    expect(await store.listAudit({ limit: 9 })).toEqual([]);
  });

  test("says that each route has a limit, and each does", async () => {
    const document = await readDocument();
    refuseAll = true;
    for (const { method, path, operation } of operationsOf(document)) {
      const answer = await ask({ method, path });
      expect(answer.status).toBe(429);
      expect(answer.headers["retry-after"]).toBe("2");
      expectDocumented(document, operation, answer);
    }
  });

  test("has parameters for what stands in braces, and an id of its own for each operation", async () => {
    const operations = operationsOf(await readDocument());
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      const inPath = operation.parameters
        .filter((parameter) => parameter.in === "path")
        .map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
    }
  });
});

describe("what the document does not name", () => {
  test.each([
    ["GET", "/"],
    ["GET", "/room"],
    ["GET", "/rooms/r/"],
    ["PUT", "/rooms/r"],
    ["POST", "/audit"],
    ["DELETE", "/audit"],
    ["HEAD", "/rooms"],
    ["DELETE", "/drain"],
    ["GET", "/rooms/r/participants/p"],
    ["GET", "/../metrics"],
  ])("%s %s is not there", async (method, path) => {
    expect((await ask({ method, path })).status).toBe(404);
  });

  test("body that is no JSON is a bad request, told without a fault of ours", async () => {
    const response = await app.inject({
      method: "POST",
      url: "/admin/rooms",
      payload: "{",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    expect(response.statusCode).toBe(400);
    expect(httpErrorSchema.parse(response.json()).error.code).toBe("bad-request");
    expect(faults).toEqual([]);
  });
});

describe("the admin API", () => {
  test("writes down what it did, on whom", async () => {
    rooms.rooms.set("r", ["k", "b"]);
    await ask({ method: "POST", path: "/rooms", body: { roomId: "r", title: "" } });
    await ask({ method: "DELETE", path: "/rooms/r/participants/k" });
    await ask({ method: "PUT", path: "/rooms/r/bans/b", body: { untilUnixMs: null } });
    await ask({ method: "DELETE", path: "/rooms/r/participants/nobody" });
    await ask({ method: "DELETE", path: "/rooms/r" });
    const entries = await store.listAudit({ limit: 9 });
    expect(entries.map(({ act, targetId }) => [act, targetId])).toEqual([
      ["room-created", null],
      ["kicked", "k"],
      ["banned", "b"],
      ["room-ended", null],
    ]);
    expect(entries.every((entry) => entry.actorId === null && entry.roomId === "r")).toBe(true);
  });

  test("puts out who is banned, and keeps them out", async () => {
    rooms.rooms.set("r", ["p"]);
    await ask({ method: "PUT", path: "/rooms/r/bans/p", body: { untilUnixMs: null } });
    expect(rooms.told).toEqual(["banned p of r"]);
    expect(await store.isBanned("r", "p", clock.nowUnixMs())).toBe(true);
  });

  test("tells a running room of bans lifted and invitations taken back", async () => {
    await ask({ method: "PUT", path: "/rooms/r/bans/p", body: { untilUnixMs: null } });
    await ask({ method: "DELETE", path: "/rooms/r/bans/p" });
    await ask({ method: "PUT", path: "/rooms/r/invitations/q" });
    await ask({ method: "DELETE", path: "/rooms/r/invitations/q" });
    await ask({ method: "DELETE", path: "/rooms/r/invitations/q" });
    expect(rooms.told).toEqual(["p may come back to r", "q is not invited to r"]);
  });

  test("tells a running room of its changes", async () => {
    await ask({ method: "POST", path: "/rooms", body: { roomId: "r", title: "" } });
    await ask({ method: "PATCH", path: "/rooms/r", body: { topic: "new" } });
    expect(rooms.told).toEqual(["changed r", "changed r"]);
  });

  test("ends for good a room that only joins brought about", async () => {
    rooms.rooms.set("r", ["p"]);
    expect((await ask({ method: "DELETE", path: "/rooms/r" })).status).toBe(204);
    expect(await store.getRoom("r")).toMatchObject({ state: "ended" });
  });

  test("schedules a room that is given when it starts", async () => {
    const body = { roomId: "r", title: "", startsAtUnixMs: clock.nowUnixMs() + 60_000 };
    expect((await ask({ method: "POST", path: "/rooms", body })).body).toMatchObject({ state: "scheduled" });
  });

  test("tells nothing of a fault of ours, but logs it", async () => {
    const fault = new Error("disk full of secrets");
    store.listRooms = () => Promise.reject(fault);
    const { status, body } = await ask({ method: "GET", path: "/rooms" });
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secrets");
    expect(faults).toEqual([fault]);
  });
});
