/** Sound both ways between a real page and simulated participants, encrypted end to end, through every loss it must survive. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { epochOf } from "../../e2ee/keys/kid.ts";
import type { RoomServer } from "../../server/server.ts";
import { chromiumPath, launch } from "./_chromium.ts";
import { Cuttable } from "./_cuttable.ts";
import { Person } from "./_person.ts";
import { buildClient, cacheDirectory, serveClient, Simulated } from "./_room.ts";

const patience = { timeout: 15_000 };

describe.skipIf(chromiumPath === undefined)("a page and simulated participants", () => {
  let web: string;
  let server: RoomServer;
  let browser: Browser;
  let room: string;
  let simulated: Simulated;
  let rooms = 0;

  beforeAll(async () => {
    web = await buildClient();
    server = await serveClient(web, { workers: 2 });
    browser = await launch(join(cacheDirectory, "test-browser"));
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    rmSync(web, { recursive: true, force: true });
  });
  beforeEach(() => {
    room = `room-${++rooms}`;
    simulated = new Simulated(server, room);
  });
  afterEach(async () => {
    await simulated[Symbol.asyncDispose]();
    await Promise.all(browser.contexts().map((context) => context.close()));
  });

  /** Until so many frames more were decrypted by the simulated listeners. */
  async function decryptedMore(frames: number): Promise<void> {
    const before = simulated.engine.report().decrypted;
    await expect.poll(() => simulated.engine.report().decrypted - before, patience).toBeGreaterThan(frames);
  }

  const badRefusals = (): string[] =>
    Object.keys(simulated.engine.report().refused).filter((cause) => cause !== "unknown-key");

  test("a page hears a simulated host, by the key that the host deals", async () => {
    await simulated.speaker("Cleo", "host");
    const page = await Person.join(browser, server, { name: "Ann", role: "listener", room });
    await page.hears();
    await page.sees(() => page.seat("Cleo, host, talking"));
    await page.comesTo(({ encryption: { opened } }) => opened > 50, true);
    const { encryption } = await page.state();
    expect(Object.keys(encryption.refused).filter((cause) => cause !== "unknown-key")).toEqual([]);
  });

  test("simulated listeners decrypt what a page says, and nothing of it is refused", async () => {
    await simulated.speaker("Cleo", "host");
    const page = await Person.join(browser, server, { name: "Ann", role: "speaker", room });
    await simulated.listener("Dan");
    await page.press("Unmute");
    await page.comesTo(({ encryption }) => encryption.sealed > 50, true);
    // Cleo's frames alone would be 50 a second.
    const [decrypted, sealed] = [simulated.engine.report().decrypted, (await page.state()).encryption.sealed];
    await page.comesTo(({ encryption }) => encryption.sealed - sealed > 100, true);
    expect(simulated.engine.report().decrypted - decrypted).toBeGreaterThan(150);
    expect(badRefusals()).toEqual([]);
  });

  test("a page that is the host deals the keys: to a simulated speaker, whom it hears, and to listeners, who decrypt both", async () => {
    const page = await Person.join(browser, server, { name: "Ann", role: "host", room });
    await simulated.speaker("Cleo", "speaker");
    await simulated.listener("Dan");
    await page.hears();
    await decryptedMore(50);
    await page.press("Unmute");
    await page.comesTo(({ encryption }) => encryption.sealed > 100, true);
    expect(badRefusals()).toEqual([]);
    expect(simulated.broken).toEqual([]);
  });

  test("after somebody has left there is a new key, and both go on hearing", async () => {
    const page = await Person.join(browser, server, { name: "Ann", role: "host", room });
    await simulated.speaker("Cleo", "speaker");
    await simulated.listener("Dan");
    const leaving = await simulated.listener("Eve");
    const { generation } = (await page.state()).encryption;
    await leaving.leave();
    await page.comesTo(({ encryption }) => epochOf(encryption.generation ?? 0), epochOf(generation ?? 0) + 1);
    await page.hears();
    await decryptedMore(50);
    expect(badRefusals()).toEqual([]);
  });

  test("what is not encrypted is not played", async () => {
    await using open = new Simulated(server, room, { encrypted: false });
    await open.speaker("Cleo", "host");
    const page = await Person.join(browser, server, { name: "Ann", role: "listener", room });
    await page.sees(() => page.button("Waiting for the key: show encryption"));
    await page.comesTo(
      ({ encryption: { refused } }) => Object.values(refused).some((count) => count > 50),
      true,
    );
    expect((await page.state()).encryption.opened).toBe(0);
    const { receiving } = await page.stats();
    expect(receiving.packetsReceived).toBeGreaterThan(50);
    expect(receiving.totalAudioEnergy).toBeLessThan(1e-6);
  });

  test("a cut of the signalling connection costs neither seat nor sound", async () => {
    await using way = await Cuttable.to(server.port);
    await simulated.speaker("Cleo", "host");
    await simulated.listener("Dan");
    const page = await Person.join(browser, way, { name: "Ann", role: "speaker", room });
    await page.press("Unmute");
    await page.comesTo(({ encryption }) => encryption.sealed > 0, true);
    const { me } = await page.state();
    way.cut();
    await page.sees(() => page.banner("Connection"));
    await page.comesTo(({ connection }) => connection, "online");
    expect((await page.state()).me).toEqual(me);
    await page.hears();
    await page.press("Mute");
    await page.sees(() => page.seat("Ann (you), speaker, muted"));
    expect(badRefusals()).toEqual([]);
  });

  test("the death of a media worker costs no seat: sound comes back both ways, under the same keys and counters", async () => {
    await simulated.speaker("Cleo", "host");
    await simulated.listener("Dan");
    const page = await Person.join(browser, server, { name: "Ann", role: "speaker", room });
    await page.press("Unmute");
    await page.hears();
    const { me } = await page.state();
    for (const { pid } of server.workers) process.kill(pid, "SIGKILL");
    await expect.poll(() => server.workers.length, patience).toBe(2);
    await page.hears();
    await page.sees(() => page.seat(/^Ann \(you\), speaker, (talking|silent)$/));
    const { sealed } = (await page.state()).encryption;
    await page.comesTo(({ encryption }) => encryption.sealed - sealed > 50, true);
    await decryptedMore(100);
    expect((await page.state()).me).toEqual(me);
    expect(badRefusals()).toEqual([]);
  });
});
