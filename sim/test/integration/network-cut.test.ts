/** Clients whose network goes for a while: they keep their places, come back by themselves, and the time is not hidden. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import type { Target } from "../../participant/target.ts";
import { testSecret, TestClient } from "../../server/_test-client.ts";
import { frameMs } from "../../util/opus-frame.ts";
import { CuttableNetwork } from "./_cuttable-network.ts";
import { LiveRoom, talkingAt } from "./_live-room.ts";

const cutMs = 8000;
/** Until participants have noticed, tried again and heard for a while. */
const backWithinMs = 10_000;

async function cuttable(room: LiveRoom): Promise<{ network: CuttableNetwork; target: Target }> {
  const network = await CuttableNetwork.create(room.server.url, () => room.server.workers[0]?.port ?? 0);
  const target = createSoundcheckTarget({ url: network.url, room: "room", tokenSecret: testSecret });
  return { network, target: network.over(target) };
}

describe("a network that is cut for 8 s", { timeout: 90_000 }, () => {
  test("costs a speaker and listeners no seat: they resume, hear and are heard again, and what was missed is lost", async ({
    annotate,
  }) => {
    await using room = await LiveRoom.open({});
    const { network, target } = await cuttable(room);
    await using _network = network;
    await room.addSpeaker(talkingAt(() => 30));
    await room.addSpeaker(
      talkingAt(() => 30),
      target,
    );
    await room.addListeners(3);
    await room.addListeners(3, target);
    const { client: witness } = await TestClient.join(room.server, { id: "witness", role: "listener" });
    await room.heardByAll(50);
    const refused = room.engine.report().refused;

    network.cut();
    await delay(cutMs);
    network.mend();
    await expect.poll(() => room.interruptions.away.n, { timeout: backWithinMs }).toBe(4);
    const tookMs = await room.heardByAll(100, backWithinMs);
    await annotate(
      `away for ${room.interruptions.away.mean?.toFixed(2)} s each, heard again ${tookMs} ms after`,
    );

    expect(room.broken).toEqual([]);
    expect(room.interruptions.away.min).toBeGreaterThan(cutMs / 1000 - 1);
    expect(room.interruptions.away.max).toBeLessThan(cutMs / 1000 + 5);
    // Their transports were there all along: media went on by itself.
    expect(room.interruptions.mediaRestart.n).toBe(0);
    expect(witness.events.map(({ name }) => name)).not.toContain("memberLeft");
    expect(network.dropped).toBeGreaterThan(0);

    const counts = await room.end();
    expect(room.engine.report().refused).toEqual(refused);
    const missed = cutMs / frameMs;
    for (const [index, { expected, lost }] of counts.entries()) {
      // One of two speakers was cut off from all; those who were cut off too missed both.
      const fair = index < 3 ? missed : 2 * missed;
      expect(Math.abs(lost - fair) / expected).toBeLessThan(0.03);
    }
    witness.close();
  });

  test("lets a host deal keys to who came meanwhile", async () => {
    await using room = await LiveRoom.open({});
    const { network, target } = await cuttable(room);
    await using _network = network;
    await room.addSpeaker(
      talkingAt(() => 30),
      target,
    );
    await room.addListeners(1);
    await room.heardByAll(20);
    network.cut();
    // Only once the server has told nobody of it either.
    await expect.poll(() => network.dropped, { timeout: 5000 }).toBeGreaterThan(100);
    await room.addListeners(2);
    await delay(cutMs - 3000);
    network.mend();
    await expect.poll(() => room.interruptions.away.n, { timeout: backWithinMs }).toBe(1);
    await room.heardByAll(50, backWithinMs);
    expect(room.broken).toEqual([]);
    await room.end();
  });

  test("and a worker that dies meanwhile: media comes anew with the signalling", async () => {
    await using room = await LiveRoom.open({});
    const { network, target } = await cuttable(room);
    await using _network = network;
    await room.addSpeaker(talkingAt(() => 30));
    await room.addSpeaker(
      talkingAt(() => 30),
      target,
    );
    await room.addListeners(2, target);
    await room.heardByAll(20);
    network.cut();
    await delay(cutMs / 2);
    process.kill(room.server.workers[0]?.pid ?? 0, "SIGKILL");
    await delay(cutMs / 2);
    network.mend();
    await expect
      .poll(() => room.listeners.every(({ restarts }) => restarts === 1), { timeout: 2 * backWithinMs })
      .toBe(true);
    await room.heardByAll(50, backWithinMs);
    expect(room.broken).toEqual([]);
    expect(room.interruptions.away.n).toBe(3);
    expect(room.interruptions.mediaRestart.n).toBe(4);
    // Speakers could not send while they had no media: it was due, and is lost.
    const unsent = room.speakers.reduce((sum, { voice }) => sum + voice.unsent, 0);
    expect(unsent).toBeGreaterThan(0);
    for (const { lost } of await room.end()) expect(lost).toBeGreaterThanOrEqual(unsent);
  });
});
