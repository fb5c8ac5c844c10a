import { connect } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { someDtls, TestClient } from "../../server/_test-client.ts";
import { LiveRoom, talkingAt } from "./_live-room.ts";

/** Who has the floor is told from how a level moves, as speech does: here between two, the mean of which is the given. */
function speechAt(mean: () => number): ReturnType<typeof talkingAt> {
  let frame = 0;
  return talkingAt(() => (mean() === 127 ? 127 : mean() + (frame++ % 12 < 6 ? -12 : 12)));
}

/** A listener who wants to know who talks. */
async function curious(room: LiveRoom): Promise<TestClient> {
  const { client } = await TestClient.join(
    room.server,
    { id: "curious", role: "listener" },
    { direction: "receive", dtlsParameters: someDtls },
    { speakers: true },
  );
  return client;
}

test(
  "who asks is told who talks and how loud, with the payload encrypted; who does not ask is not",
  { timeout: 30_000 },
  async () => {
    await using room = await LiveRoom.open({ workers: 2, media: { maxConsumersPerRouter: 1 } });
    const levels = [30, 127];
    for (const index of levels.keys()) await room.addSpeaker(speechAt(() => levels[index] ?? 127));
    const { client: other } = await TestClient.join(room.server, { id: "other", role: "listener" });
    const client = await curious(room);
    const first = await client.event("speakers", ({ dominant }) => dominant === "speaker-0");
    expect(first.talking.map(({ participantId }) => participantId)).toEqual(["speaker-0"]);
    expect(first.talking[0]?.levelDbov).toBeGreaterThanOrEqual(18);
    expect(first.talking[0]?.levelDbov).toBeLessThanOrEqual(42);

    levels.splice(0, 2, 127, 30);
    await client.event("speakers", ({ dominant }) => dominant === "speaker-1");
    await client.event(
      "speakers",
      ({ talking }) => talking.length === 1 && talking[0]?.participantId === "speaker-1",
    );

    levels.splice(0, 2, 127, 127);
    await client.event("speakers", ({ talking }) => talking.length === 0);
    expect(other.events.filter(({ name }) => name === "speakers")).toEqual([]);
  },
);

test("who talks is told on after the worker's death", { timeout: 30_000 }, async () => {
  await using room = await LiveRoom.open({ workers: 1 });
  await room.addSpeaker(talkingAt(() => 25));
  const client = await curious(room);
  await client.event("speakers", ({ talking }) => talking.length === 1);
  process.kill(room.server.workers[0]?.pid ?? 0, "SIGKILL");
  await expect.poll(() => room.speakers[0]?.restarts, { timeout: 5000 }).toBe(1);
  client.events.length = 0;
  await client.event("speakers", ({ talking }) => talking[0]?.levelDbov === 25);
});

test("media is offered over UDP and TCP, at the worker's one port where it has one; Opus with FEC and DTX", async () => {
  await using room = await LiveRoom.open({ media: { port: 45_120 } });
  const { joined } = await TestClient.join(
    room.server,
    { id: "l", role: "listener" },
    { direction: "receive", dtlsParameters: someDtls },
  );
  const candidates = joined.transport?.iceCandidates ?? [];
  expect(candidates).toMatchObject([
    { protocol: "udp", port: 45_120 },
    { protocol: "tcp", port: 45_120, tcpType: "passive" },
  ]);
  expect(joined.rtpCapabilities.codecs).toMatchObject([
    { mimeType: "audio/opus", parameters: { usedtx: 1, useinbandfec: 1 }, rtcpFeedback: [] },
  ]);
  const socket = connect(45_120, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
});
