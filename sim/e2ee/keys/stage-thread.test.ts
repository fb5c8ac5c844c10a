import { describe, expect, test } from "vitest";

import { KeyMember } from "./key-member.ts";
import type { StageEffects } from "./stage-keys.ts";
import { StageThread } from "./stage-thread.ts";
import type { StagePlace } from "./stage-thread.ts";

const roomId = "room";

async function begin(place: StagePlace): Promise<StageEffects> {
  const self = { participantId: "host", seat: 0, isHost: true, publicKey: place.publicKey };
  return place.begin({ roomId, rekeyWindowMs: 300, self, others: [], unknownGeneration: 256 });
}

describe("the stage's keys in a thread of their own", () => {
  test("deal to a crowd there, in the order of the tasks, and tell what that took", async () => {
    await using thread = new StageThread();
    const place = await thread.open();
    const { secrets, status } = await begin(place);
    expect(secrets.map(({ generation }) => generation)).toEqual([0]);
    expect(status).toMatchObject({ isDealer: true, dueAt: null });
    const members = Array.from({ length: 50 }, () => new KeyMember());
    const told = members.map(({ publicKey }, index) =>
      place.perform({
        kind: "here",
        member: { participantId: `l${index}`, seat: null, isHost: false, publicKey },
      }),
    );
    const { dueAt } = (await told.at(-1))?.status ?? {};
    if (dueAt === null || dueAt === undefined) throw new Error("nothing is due");
    const { messages } = await place.perform({ kind: "due" }, dueAt);
    expect(messages.map(({ to }) => to)).toEqual(members.map((_, index) => `l${index}`));
    members.forEach((member, index) => {
      member.joined({ roomId, participantId: `l${index}` });
      expect(member.open(messages[index]?.sealed ?? new Uint8Array(0))).toMatchObject({ kind: "secret" });
    });
    expect(place.cpuSeconds).toBeGreaterThan(0);
  });

  test("of several are kept apart, and one that is closed does nothing more", async () => {
    await using thread = new StageThread();
    const [one, other] = [await thread.open(), await thread.open()];
    expect(one.publicKey).not.toEqual(other.publicKey);
    const [first, second] = [await begin(one), await begin(other)];
    expect(first.secrets[0]?.secret).not.toEqual(second.secrets[0]?.secret);
    await one.close();
    await expect(one.perform({ kind: "due" })).rejects.toMatchObject({ code: "distributor-failed" });
    await expect(other.perform({ kind: "due" })).resolves.toMatchObject({ messages: [] });
  });

  test("reject what is waiting when the thread is closed, and everything after", async () => {
    const thread = new StageThread();
    const place = await thread.open();
    const waiting = begin(place).catch((error: unknown) => error);
    await thread.close();
    await thread.close();
    expect(await waiting).toMatchObject({ code: "distributor-closed" });
    await expect(place.perform({ kind: "due" })).rejects.toMatchObject({ code: "distributor-closed" });
    await expect(thread.open()).rejects.toMatchObject({ code: "distributor-closed" });
  });
});
