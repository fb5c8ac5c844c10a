/** What `/metrics` tells of a room that talks, held against what its listeners really got. */
import { expect, test } from "vitest";
import { createSoundcheckTarget } from "../../participant/soundcheck-target.ts";
import { LiveRoom, talkingAt } from "./_live-room.ts";

const listeners = 5;

type Scrape = { value(series: string): number; text: string };

async function scrape(url: string): Promise<Scrape> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return {
    text,
    value: (series) => {
      const line = text.split("\n").find((candidate) => candidate.startsWith(`soundcheck_server_${series} `));
      return Number(line?.split(" ").at(-1));
    },
  };
}

test(
  "rooms, joins by outcome, packets in and out, workers and event loop are told",
  { timeout: 60_000 },
  async () => {
    await using room = await LiveRoom.open({});
    const { httpUrl, url } = room.server;
    await room.addSpeaker(talkingAt(() => 30));
    await room.addListeners(listeners);
    const forged = createSoundcheckTarget({ url, room: "room", tokenSecret: new Uint8Array(32) });
    await expect(room.addListeners(1, forged)).rejects.toThrow("bad-token");

    const before = await scrape(httpUrl);
    expect(before.value("rooms")).toBe(1);
    expect(before.value('joins_total{outcome="ok"}')).toBe(1 + listeners);
    expect(before.value('joins_total{outcome="bad-token"}')).toBe(1);
    expect(before.value('participants{role="listener"}')).toBe(listeners);
    const heardBefore = room.engine.counts;
    await room.heardByAll(250);
    const after = await scrape(httpUrl);
    const heardAfter = room.engine.counts;

    const grown = (series: string): number => after.value(series) - before.value(series);
    const received = grown("received_packets_total");
    const forwarded = grown("forwarded_packets_total");
    expect(received).toBeGreaterThanOrEqual(250);
    expect(forwarded).toBe(received * listeners);
    // What has come but is not settled yet is not among the counts: a second and a half of it.
    const heard = heardAfter.received + heardAfter.edge - heardBefore.received - heardBefore.edge;
    expect(Math.abs(forwarded - heard)).toBeLessThan(listeners * 50 * 3);

    expect(grown('worker_cpu_seconds_total{worker="0"}')).toBeGreaterThan(0);
    expect(after.value("nodejs_eventloop_lag_p99_seconds")).toBeGreaterThanOrEqual(0);
    expect(after.text).not.toMatch(/listener-0|speaker-0/);
    await room.end();
  },
);

test("packets stay counted when their room has ended", { timeout: 60_000 }, async () => {
  await using room = await LiveRoom.open({});
  await room.addSpeaker(talkingAt(() => 30));
  await room.addListeners(1);
  await room.heardByAll(50);
  const { value } = await scrape(room.server.httpUrl);
  await room.end();
  await expect.poll(async () => (await scrape(room.server.httpUrl)).value("rooms")).toBe(0);
  const after = await scrape(room.server.httpUrl);
  expect(after.value("forwarded_packets_total")).toBeGreaterThanOrEqual(value("forwarded_packets_total"));
  expect(after.value("received_packets_total")).toBeGreaterThanOrEqual(50);
});
