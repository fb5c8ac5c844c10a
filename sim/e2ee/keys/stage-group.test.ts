import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { readSecrets, secretsForGroup } from "./_group-message.ts";
import { StageGroup } from "./stage-group.ts";

const data = Uint8Array.of(1, 2, 3);

async function groupOf(...guests: string[]): Promise<StageGroup[]> {
  const host = await StageGroup.create("host");
  await host.found("room");
  const others = await Promise.all(guests.map((id) => StageGroup.create(id)));
  const made = await host.commit(await Promise.all(others.map((other) => other.keyPackage())), []);
  for (const other of others) {
    expect(await other.process(made?.welcome ?? new Uint8Array(0))).toEqual({ kind: "joined" });
  }
  return [host, ...others];
}

describe("the stage's group", () => {
  test("has all who were added, by the keys that they sign with, and carries bytes to each", async () => {
    const members = await groupOf("ada", "bob");
    const [host, ada, bob] = members;
    const expected = members.map(({ key }) => Uint8Array.from(key.publicKey));
    for (const member of members) {
      expect(member.members.map(({ signatureKey }) => Uint8Array.from(signatureKey))).toEqual(expected);
    }
    const sealed = await host?.seal(data);
    for (const other of [ada, bob]) {
      expect(await other?.process(sealed ?? data)).toEqual({ kind: "data", data });
    }
  });

  test("gives nothing to who was removed, and knows it", async () => {
    const [host, ada, bob] = await groupOf("ada", "bob");
    const made = await host?.commit([], ["ada"]);
    for (const other of [ada, bob]) await other?.process(made?.commit ?? data);
    const sealed = (await host?.seal(data)) ?? data;
    expect(await ada?.process(sealed)).toEqual({ kind: "refused" });
    expect(await bob?.process(sealed)).toEqual({ kind: "data", data });
    expect([host?.has("ada"), ada?.isMember, bob?.isMember]).toEqual([false, false, true]);
  });

  test("refuses messages twice, of an epoch that is past, and of others' groups", async () => {
    const [host, ada] = await groupOf("ada");
    const [stranger] = await groupOf("eve");
    const sealed = (await host?.seal(data)) ?? data;
    expect((await ada?.process(sealed))?.kind).toBe("data");
    expect(await ada?.process(sealed)).toEqual({ kind: "refused" });
    expect(await ada?.process((await stranger?.seal(data)) ?? data)).toEqual({ kind: "refused" });
    const bob = await StageGroup.create("bob");
    const made = await host?.commit([await bob.keyPackage()], []);
    expect(await ada?.process(made?.commit ?? data)).toEqual({ kind: "changed" });
    expect(await ada?.process(made?.commit ?? data)).toEqual({ kind: "refused" });
  });

  test("a welcome serves its own key package alone", async () => {
    const [host] = await groupOf("ada");
    const bob = await StageGroup.create("bob");
    const old = await bob.keyPackage();
    await bob.keyPackage();
    const made = await host?.commit([old], []);
    expect(await bob.process(made?.welcome ?? data)).toEqual({ kind: "refused" });
    expect(bob.isMember).toBe(false);
  });

  test("takes no key package that was changed, and is as it was then", async () => {
    const [host, ada] = await groupOf("ada");
    const forged = await (await StageGroup.create("eve")).keyPackage();
    forged[forged.length - 5] = (forged.at(-5) ?? 0) ^ 1;
    await expect(host?.commit([forged], [])).rejects.toMatchObject({ code: "bad-key-package" });
    const sealed = (await host?.seal(data)) ?? data;
    expect(await ada?.process(sealed)).toEqual({ kind: "data", data });
  });

  test("refuses noise without an error", async () => {
    const [host] = await groupOf("ada");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (noise) => {
        expect((await host?.process(noise))?.kind).toBe("refused");
        expect(StageGroup.ownerOf(noise)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });
});

test("secrets for the group are read as they were written, and nothing else is", () => {
  const one = { generation: 2 ** 40 + 3, secret: new Uint8Array(32).fill(1) };
  const other = { generation: 7, secret: new Uint8Array(32).fill(2) };
  expect(readSecrets(secretsForGroup([one, other]))).toEqual([one, other]);
  expect(readSecrets(secretsForGroup([one]))).toEqual([one]);
  expect(readSecrets(new Uint8Array(39))).toBeNull();
  expect(readSecrets(new Uint8Array(38).fill(255))).toBeNull();
});
