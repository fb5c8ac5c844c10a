import { describe, expect, test } from "vitest";

import { monotonicMs } from "../../util/clock.ts";
import { E2eeError } from "../errors.ts";
import { createDistributorThread } from "./distributor-thread.ts";
import { KeyMember } from "./key-member.ts";
import type { SealedMessage } from "./key-distributor.ts";

const roomId = "stage-one";

function crowd(size: number): { participantId: string; member: KeyMember; publicKey: Uint8Array }[] {
  return Array.from({ length: size }, (_, index) => {
    const participantId = `listener-${index}`;
    const member = new KeyMember();
    member.joined({ roomId, participantId });
    return { participantId, member, publicKey: member.publicKey };
  });
}

function newMembers(members: ReturnType<typeof crowd>): { participantId: string; publicKey: Uint8Array }[] {
  return members.map(({ participantId, publicKey }) => ({ participantId, publicKey }));
}

function open(members: ReturnType<typeof crowd>, messages: SealedMessage[]): unknown[] {
  return members.map(({ participantId, member }) =>
    member.open(messages.find(({ to }) => to === participantId)?.sealed ?? new Uint8Array(0)),
  );
}

describe("a distributor in a thread of its own", () => {
  test("welcomes a crowd and deals fresh secrets to those who stayed", async () => {
    await using thread = await createDistributorThread({ roomId });
    const members = crowd(20);
    const first = await thread.current();
    const sealed = await thread.welcome(newMembers(members));
    expect(open(members, sealed)).toEqual(members.map(() => ({ kind: "secret", ...first })));

    await thread.remove("listener-0");
    const { messages, ...fresh } = await thread.rekey();
    expect(fresh.generation).toBe(1);
    expect(await thread.current()).toEqual(fresh);
    expect(messages.map(({ to }) => to)).toEqual(members.slice(1).map(({ participantId }) => participantId));
    expect(open(members.slice(1), messages)).toEqual(
      members.slice(1).map(() => ({ kind: "secret", ...fresh })),
    );
  });

  test("does what comes together in the order it was given, and answers each", async () => {
    await using thread = await createDistributorThread({ roomId, firstGeneration: 7 });
    const members = crowd(3);
    const [before, sealed, first, , second] = await Promise.all([
      thread.current(),
      thread.welcome(newMembers(members)),
      thread.rekey(),
      thread.remove("listener-1"),
      thread.rekey(),
    ]);
    expect([before.generation, first.generation, second.generation]).toEqual([7, 8, 9]);
    expect(open(members, sealed)).toEqual(members.map(() => ({ kind: "secret", ...before })));
    expect(first.messages.length).toBe(3);
    expect(second.messages.map(({ to }) => to)).toEqual(["listener-0", "listener-2"]);
    expect(first.secret).not.toEqual(second.secret);
  });

  test("says when a rekey is due and how much CPU time it took so far", async () => {
    await using thread = await createDistributorThread({ roomId, rekeyWindowMs: 300 });
    await thread.welcome(newMembers(crowd(50)));
    expect(thread.rekeyDueAt).toBeNull();
    expect(thread.cpuSeconds).toBeGreaterThan(0);
    await thread.remove("listener-3", monotonicMs(1000));
    expect(thread.rekeyDueAt).toBe(1300);
    await thread.rekey();
    expect(thread.rekeyDueAt).toBeNull();
  });

  test("gives nothing to a public key that is none, and counts it", async () => {
    await using thread = await createDistributorThread({ roomId });
    const [good] = newMembers(crowd(1));
    if (good === undefined) throw new Error("no member");
    const sealed = await thread.welcome([{ participantId: "eve", publicKey: new Uint8Array(32) }, good]);
    expect(sealed.map(({ to }) => to)).toEqual([good.participantId]);
    expect(thread.badPublicKeys).toBe(1);
  });

  test("rejects what is waiting when it is closed, and everything after", async () => {
    const thread = await createDistributorThread({ roomId });
    const waiting = thread.welcome(newMembers(crowd(5))).catch((error: unknown) => error);
    await thread.close();
    await thread.close();
    expect(await waiting).toBeInstanceOf(E2eeError);
    await expect(thread.rekey()).rejects.toMatchObject({ code: "distributor-closed" });
  });

  test("reports a thread that does not start or breaks down", async () => {
    await expect(createDistributorThread({ roomId, firstGeneration: -1 })).rejects.toMatchObject({
      code: "distributor-failed",
    });
    const thread = await createDistributorThread({ roomId, firstGeneration: 0xffff_ffff });
    await expect(thread.rekey()).rejects.toMatchObject({ code: "distributor-failed" });
    await thread.close();
  });
});
