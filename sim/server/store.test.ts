import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createMemoryStore } from "./memory-store.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { RoomRecord, Store } from "./store.ts";

const directory = mkdtempSync(join(tmpdir(), "store-test-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});
let files = 0;
function newFile(): string {
  return join(directory, `${++files}.db`);
}

function room(roomId: string, given: Partial<RoomRecord> = {}): RoomRecord {
  return {
    roomId,
    title: "a title",
    topic: "",
    visibility: "public",
    state: "open",
    locked: false,
    lobby: true,
    maxStage: null,
    maxAudience: 7,
    startsAtUnixMs: null,
    createdAtUnixMs: 1_800_000_000_000,
    endedAtUnixMs: null,
    ...given,
  };
}

const stores: [string, () => Store][] = [
  ["in memory", createMemoryStore],
  ["in SQLite", () => openSqliteStore(newFile())],
];

describe.each(stores)("a store %s", (_where, open) => {
  test("gives back rooms as they were made, and does not make one twice", async () => {
    await using store = open();
    expect(await store.createRoom(room("a"))).toBe(true);
    expect(await store.createRoom(room("a", { title: "another" }))).toBe(false);
    expect(await store.getRoom("a")).toEqual(room("a"));
    expect(await store.getRoom("b")).toBeUndefined();
  });

  test("changes what is given, and leaves the rest", async () => {
    await using store = open();
    await store.createRoom(room("a", { state: "scheduled", startsAtUnixMs: 5 }));
    const expected = room("a", { state: "open", startsAtUnixMs: null, locked: true });
    const changes = { state: "open", startsAtUnixMs: null, locked: true, title: undefined } as const;
    expect(await store.updateRoom("a", changes)).toEqual(expected);
    expect(await store.getRoom("a")).toEqual(expected);
    expect(await store.updateRoom("b", changes)).toBeUndefined();
  });

  test("ends a room once, and then changes it no more", async () => {
    await using store = open();
    await store.createRoom(room("a"));
    expect(await store.endRoom("a", 9)).toBe(true);
    expect(await store.endRoom("a", 10)).toBe(false);
    expect(await store.endRoom("b", 10)).toBe(false);
    expect(await store.updateRoom("a", { title: "late" })).toBeUndefined();
    expect(await store.getRoom("a")).toEqual(room("a", { state: "ended", endedAtUnixMs: 9 }));
    expect(await store.createRoom(room("a"))).toBe(false);
  });

  test("lists rooms page by page, by state, and counts them", async () => {
    await using store = open();
    for (const id of ["c", "a", "d", "b"]) await store.createRoom(room(id));
    await store.endRoom("b", 1);
    const ids = async (page: Parameters<Store["listRooms"]>[0]): Promise<string[]> =>
      (await store.listRooms(page)).map(({ roomId }) => roomId);
    expect(await ids({ limit: 3 })).toEqual(["a", "b", "c"]);
    expect(await ids({ limit: 3, after: "c" })).toEqual(["d"]);
    expect(await ids({ limit: 2, after: "a", state: "open" })).toEqual(["c", "d"]);
    expect(await store.countRooms()).toEqual({ scheduled: 0, open: 3, ended: 1 });
  });

  test("a ban holds until its time, in its room, for its participant", async () => {
    await using store = open();
    const ban = { roomId: "a", participantId: "p", bannedBy: "h", atUnixMs: 1, untilUnixMs: 100 };
    await store.addBan(ban);
    expect(await store.isBanned("a", "p", 99)).toBe(true);
    expect(await store.isBanned("a", "p", 100)).toBe(false);
    expect(await store.isBanned("a", "q", 50)).toBe(false);
    expect(await store.isBanned("b", "p", 50)).toBe(false);
    await store.addBan({ ...ban, bannedBy: null, untilUnixMs: null });
    expect(await store.isBanned("a", "p", 1e12)).toBe(true);
    expect(await store.listBans("a", 1e12, { limit: 9 })).toEqual([
      { ...ban, bannedBy: null, untilUnixMs: null },
    ]);
    expect(await store.removeBan("a", "p")).toBe(true);
    expect(await store.removeBan("a", "p")).toBe(false);
    expect(await store.isBanned("a", "p", 50)).toBe(false);
  });

  test("an invitation is for its room and its participant", async () => {
    await using store = open();
    const invitation = { roomId: "a", participantId: "p", invitedBy: "h", atUnixMs: 1 };
    await store.addInvitation(invitation);
    await store.addInvitation({ ...invitation, atUnixMs: 2 });
    expect(await store.hasInvitation("a", "p")).toBe(true);
    expect(await store.hasInvitation("a", "q")).toBe(false);
    expect(await store.hasInvitation("b", "p")).toBe(false);
    expect(await store.listInvitations("a", { limit: 9 })).toEqual([{ ...invitation, atUnixMs: 2 }]);
    expect(await store.removeInvitation("a", "p")).toBe(true);
    expect(await store.hasInvitation("a", "p")).toBe(false);
  });

  test("the audit log keeps the order, and pages on", async () => {
    await using store = open();
    const entry = { atUnixMs: 1, actorId: "h", act: "kicked", roomId: "a", targetId: "p" } as const;
    const one = await store.appendAudit(entry);
    const two = await store.appendAudit({ ...entry, roomId: "b" });
    const three = await store.appendAudit({ ...entry, actorId: null, targetId: null });
    expect(one.sequence).toBeLessThan(two.sequence);
    expect(await store.listAudit({ limit: 9 })).toEqual([one, two, three]);
    expect(await store.listAudit({ limit: 9, roomId: "a", after: one.sequence })).toEqual([three]);
    expect(await store.listAudit({ limit: 1 })).toEqual([one]);
  });

  test("deliveries come when due, the most overdue first, and no more are taken than allowed", async () => {
    await using store = open();
    const delivery = { event: "e", body: "{}", createdAtUnixMs: 1, attempts: 0 };
    expect(await store.nextDeliveryUnixMs()).toBeUndefined();
    for (const [deliveryId, nextAttemptUnixMs] of [
      ["x", 30],
      ["y", 10],
      ["z", 20],
    ] as const) {
      expect(await store.addDelivery({ ...delivery, deliveryId, nextAttemptUnixMs }, 3)).toBe(true);
    }
    expect(await store.addDelivery({ ...delivery, deliveryId: "w", nextAttemptUnixMs: 5 }, 3)).toBe(false);
    const due = async (now: number, limit = 9): Promise<string[]> =>
      (await store.dueDeliveries(now, limit)).map(({ deliveryId }) => deliveryId);
    expect(await due(25)).toEqual(["y", "z"]);
    expect(await due(25, 1)).toEqual(["y"]);
    expect(await store.nextDeliveryUnixMs()).toBe(10);
    await store.postponeDelivery("y", 1, 50);
    await store.removeDelivery("z");
    expect(await store.nextDeliveryUnixMs()).toBe(30);
    expect(await store.countDeliveries()).toBe(2);
    expect((await store.dueDeliveries(50, 9)).at(-1)).toMatchObject({ deliveryId: "y", attempts: 1 });
  });

  test("closes twice", async () => {
    const store = open();
    await store.close();
    await store.close();
  });
});

test("both stores answer any sequence of operations alike", async () => {
  const id = fc.constantFrom("a", "b", "'; drop table rooms; --", "ü\u0000");
  const operation = fc.oneof(
    fc.tuple(fc.constant("create" as const), id, fc.string()),
    fc.tuple(fc.constant("update" as const), id, fc.string()),
    fc.tuple(fc.constant("end" as const), id, fc.string()),
    fc.tuple(fc.constant("ban" as const), id, fc.string()),
    fc.tuple(fc.constant("unban" as const), id, fc.string()),
  );
  const apply = async (store: Store, [what, roomId, text]: [string, string, string]): Promise<unknown> => {
    if (what === "create") return store.createRoom(room(roomId, { title: text }));
    if (what === "update") return store.updateRoom(roomId, { topic: text });
    if (what === "end") return store.endRoom(roomId, 5);
    if (what === "unban") return store.removeBan(roomId, "p");
    const ban = { roomId, participantId: "p", bannedBy: null, atUnixMs: 1, untilUnixMs: text.length };
    return store.addBan(ban);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
      await using memory = createMemoryStore();
      await using sqlite = openSqliteStore(":memory:");
      for (const one of operations) expect(await apply(sqlite, one)).toEqual(await apply(memory, one));
      for (const roomId of ["a", "b", "'; drop table rooms; --", "ü\u0000"]) {
        expect(await sqlite.getRoom(roomId)).toEqual(await memory.getRoom(roomId));
        expect(await sqlite.isBanned(roomId, "p", 3)).toBe(await memory.isBanned(roomId, "p", 3));
      }
    }),
    { numRuns: 50 },
  );
});

describe("the file of SQLite", () => {
  test("keeps rooms, bans, invitations, audit entries and deliveries over a restart", async () => {
    const file = newFile();
    const before = openSqliteStore(file);
    await before.createRoom(room("a"));
    await before.addBan({ roomId: "a", participantId: "p", bannedBy: "h", atUnixMs: 1, untilUnixMs: null });
    await before.addInvitation({ roomId: "a", participantId: "q", invitedBy: "h", atUnixMs: 1 });
    const entry = { atUnixMs: 1, actorId: "h", act: "banned", roomId: "a", targetId: "p" } as const;
    const written = await before.appendAudit(entry);
    const delivery = { event: "e", body: "{}", createdAtUnixMs: 1, attempts: 3, nextAttemptUnixMs: 9 };
    await before.addDelivery({ ...delivery, deliveryId: "d" }, 9);
    await before.close();
    await using after = openSqliteStore(file);
    expect(await after.getRoom("a")).toEqual(room("a"));
    expect(await after.isBanned("a", "p", 5)).toBe(true);
    expect(await after.hasInvitation("a", "q")).toBe(true);
    expect(await after.listAudit({ limit: 9 })).toEqual([written]);
    expect(await after.dueDeliveries(9, 9)).toEqual([{ ...delivery, deliveryId: "d" }]);
  });

  test("of a later schema is refused and left as it is", () => {
    const file = newFile();
    void openSqliteStore(file).close();
    const database = new DatabaseSync(file);
    database.exec("pragma user_version = 99");
    database.close();
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: "store-newer" }));
  });

  test("of another program is refused and left as it is", () => {
    const file = newFile();
    const database = new DatabaseSync(file);
    database.exec("create table theirs (x); pragma user_version = 1");
    expect(() => openSqliteStore(file)).toThrow(expect.objectContaining({ code: "store-foreign" }));
    expect(database.prepare("select name from sqlite_schema").all()).toEqual([{ name: "theirs" }]);
    database.close();
  });

  test("in a directory that is not there is refused, saying which", () => {
    const file = join(directory, "missing", "store.db");
    expect(() => openSqliteStore(file)).toThrow(
      expect.objectContaining({ code: "store-unusable", message: expect.stringContaining(file) }),
    );
  });
});
