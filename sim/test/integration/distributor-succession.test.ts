import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generationOfKid } from "../../e2ee/keys/kid.ts";
import { Pacer } from "../../participant/pacer.ts";
import { ReceiverKeys } from "../../participant/receiver-keys.ts";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { Speaker } from "../../participant/speaker.ts";
import { startServer, TestClient, testSecret } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";
import { fromBase64Url, toBase64Url } from "../../util/bytes.ts";
import { measureWallOffsetMs, systemClock } from "../../util/clock.ts";
import { Histogram } from "../../util/histogram.ts";
import { createRandom } from "../../util/random.ts";

const room = "succession";
const suite = "AES_128_GCM_SHA256_128";
/** A join's keys are dealt within 20 ms and two ways to the server; the rest is for a busy machine. */
const deadline = { timeout: 5000, interval: 10 };
let server: RoomServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

function speaker(index: number): Promise<Speaker> {
  return Speaker.join({
    index,
    accountId: `speaker-${index}`,
    name: `Speaker ${index}`,
    target: createSoundcheckTarget({ url: server.url, room, tokenSecret: testSecret }),
    source: undefined,
    talkStartMs: systemClock.now(),
    suite,
    rekeyWindowMs: 500,
    joinTimeoutMs: 10_000,
    wallOffsetMs: measureWallOffsetMs(),
    bindAddress: "127.0.0.1",
    pacer: new Pacer({ clock: systemClock, lateness: new Histogram() }),
    clock: systemClock,
    random: createRandom(`speaker ${index}`),
    encryptCost: new Histogram(),
    overhead: new Histogram(),
    onBroken: () => undefined,
  });
}

/** A listener's signalling and keys, without media. */
async function listener(id: string) {
  const generations = new Set<number>();
  const keys = new ReceiverKeys({
    suite,
    clock: systemClock,
    onKey: ({ kid }) => generations.add(generationOfKid(kid)),
    onExpired: () => undefined,
  });
  const publicKey = toBase64Url(keys.publicKey);
  const { client, joined } = await TestClient.join(server, { id, role: "listener", room, publicKey });
  for (const member of joined.stage) keys.stageMember(member);
  keys.joined(room, id);
  let read = 0;
  const take = (): void => {
    for (const { name, body } of client.events.slice(read)) {
      if (name === "sealed") keys.open(fromBase64Url(body.sealed));
      else if (name === "memberJoined") keys.stageMember(body.member);
      else if (name === "memberLeft") keys.stageMemberLeft(body.participantId);
      else if (name === "memberChanged") keys.stageMemberChanged(body.member);
    }
    read = client.events.length;
  };
  return { client, keys, generations, take };
}

describe("the host is gone without a word", () => {
  test("and the next on the stage deals: who is there gets the fresh secret, and who comes has keys", async () => {
    const host = await speaker(0);
    const next = await speaker(1);
    const early = await listener("early");
    await expect.poll(() => (early.take(), early.generations.size), deadline).toBe(1);
    await expect.poll(() => early.keys.checks.trust.differences()?.unsigned, deadline).toEqual([]);
    host.close();
    const late = await listener("late");
    await expect.poll(() => (late.take(), late.generations.size), deadline).toBeGreaterThanOrEqual(1);
    await expect.poll(() => (early.take(), early.generations.size), deadline).toBe(2);
    for (const { keys } of [early, late]) {
      expect(keys.checks.refusedBy).toEqual({});
      expect(keys.checks.trust.unvouched).toBe(0);
    }
    expect(early.keys.checks.trust.roster?.distributor.participantId).toBe("speaker-1");
    await next.leave();
    early.client.close();
    late.client.close();
    early.keys.close();
    late.keys.close();
  });
});
