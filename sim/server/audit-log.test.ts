import { expect, test } from "vitest";
import { AuditLog } from "./audit-log.ts";
import { createMemoryStore } from "./memory-store.ts";

const clock = { nowUnixMs: () => 1_800_000_000_000 };
const act = { actorId: "h", act: "kicked", roomId: "r", targetId: "p" } as const;

test("an act is written down with its time, and told", async () => {
  const store = createMemoryStore();
  const told: unknown[] = [];
  const log = new AuditLog({
    store,
    clock,
    onRecorded: (one) => told.push(one),
    onFault: expect.unreachable,
  });
  await log.record(act);
  await log.record({ actorId: null, act: "drain-started", roomId: null });
  expect(await store.listAudit({ limit: 9 })).toEqual([
    { sequence: 1, atUnixMs: clock.nowUnixMs(), ...act },
    {
      sequence: 2,
      atUnixMs: clock.nowUnixMs(),
      actorId: null,
      act: "drain-started",
      roomId: null,
      targetId: null,
    },
  ]);
  expect(told).toHaveLength(2);
});

test("an act that cannot be written down is a fault that is told, and nothing throws", async () => {
  const full = new Error("disk full");
  const faults: unknown[] = [];
  const log = new AuditLog({
    store: { appendAudit: () => Promise.reject(full) },
    clock,
    onRecorded: () => undefined,
    onFault: (error) => faults.push(error),
  });
  await log.record(act);
  expect(faults).toEqual([full]);
});
