/** The whole of a room's rights and changes, walked by two people at real pages, with simulated participants beside them. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoomServer } from "../../server/server.ts";
import { admin, adminToken } from "../integration/_outside.ts";
import { chromiumPath, launch } from "./_chromium.ts";
import { Person } from "./_person.ts";
import { buildClient, cacheDirectory, serveClient, Simulated } from "./_room.ts";

const room = "panel";

describe.skipIf(chromiumPath === undefined)("two people and a simulated audience", () => {
  let web: string;
  let server: RoomServer;
  let browser: Browser;
  let simulated: Simulated;
  let ann: Person;
  let ben: Person;

  beforeAll(async () => {
    web = await buildClient();
    server = await serveClient(web, { adminToken, hostGraceMs: 200 });
    browser = await launch(join(cacheDirectory, "test-browser"));
    simulated = new Simulated(server, room);
    await admin(server, "POST", "/rooms", {
      roomId: room,
      title: "Friday panel",
      topic: "How rooms sound",
      visibility: "public",
      lobby: true,
    });
    ben = await Person.open(browser, server, { name: "Ben", role: "listener", room });
    ann = await Person.open(browser, server, { name: "Ann", role: "host", room });
  });
  afterAll(async () => {
    await simulated[Symbol.asyncDispose]();
    await browser.close();
    await server.close();
    rmSync(web, { recursive: true, force: true });
  });

  test("the door says who comes where, and keeps no token in the address", async () => {
    await ben.sees(() => ben.page.getByRole("heading", { name: "Join the room" }));
    await ben.sees(() => ben.page.getByText("Listener"));
    expect(new URL(ben.page.url()).hash).toBe("");
    expect(JSON.stringify(await ben.state())).not.toContain("eyJ");
  });

  test("a listener waits in the lobby until the host comes", async () => {
    await ben.press("Join");
    await ben.sees(() => ben.page.getByRole("heading", { name: "Waiting for the host" }));
    await ben.sees(() => ben.page.getByRole("status").filter({ hasText: "1 person waits in the lobby" }));
    await ann.press("Join");
    await ann.sees(() => ann.seat("Ann (you), host, muted"));
    await ben.sees(() => ben.page.getByRole("heading", { name: "Friday panel" }));
    await ben.sees(() => ben.seat("Ann, host, muted"));
    await ann.sees(() => ann.inAudience("Ben"));
  });

  test("both hold the same key, and see the same safety number", async () => {
    await ben.press("Encrypted: show the safety number");
    const number = await ben.page.getByLabel("Safety number", { exact: true }).textContent();
    expect(number).toMatch(/^\d{30}$/);
    expect((await ann.state()).encryption.safetyNumber?.replaceAll(" ", "")).toBe(number);
    await ben.press("Close");
  });

  test("a hand goes up and is lowered, by oneself and by the host", async () => {
    await ben.press("Raise hand");
    await ann.sees(() => ann.button("Lower the hand of Ben"));
    await ben.press("Lower hand");
    await ann.seesNoMore(() => ann.button("Lower the hand of Ben"));
    await ben.press("Raise hand");
    await ann.press("Lower the hand of Ben");
    await ben.isTold("Ann lowered your hand.");
    await ben.sees(() => ben.button("Raise hand"));
  });

  test("an invitation to the stage is declined, and another accepted", async () => {
    await ben.press("Raise hand");
    await ann.press("Invite Ben to the stage");
    await ben.sees(() => ben.banner("Invitation to the stage"));
    await ben.press("Decline");
    await ann.isTold("Ben stays in the audience for now.");
    await ann.act("Ben", "Invite to the stage");
    await ben.press("Accept");
    await ann.sees(() => ann.seat("Ben, speaker, muted"));
    await ben.sees(() => ben.button("Step down"));
  });

  test("who unmutes is heard, and seen talking", async () => {
    await ben.press("Unmute");
    await ann.sees(() => ann.seat("Ben, speaker, talking"));
    await ann.hears();
    const { encryption } = await ann.state();
    expect(encryption.opened).toBeGreaterThan(50);
  });

  test("who mutes is seen muted, and sends nothing", async () => {
    await ben.press("Mute");
    await ann.sees(() => ann.seat("Ben, speaker, muted"));
    const before = (await ben.state()).encryption.sealed;
    await expect.poll(async () => (await ben.stats()).sending.packetsSent).toBeGreaterThan(0);
    await ben.press("Encrypted: show the safety number");
    await ben.press("Close");
    expect((await ben.state()).encryption.sealed - before).toBeLessThan(50);
  });

  test("the host mutes a speaker, who alone can go on, and asks for it", async () => {
    await ben.press("Unmute");
    await ann.sees(() => ann.seat(/^Ben, speaker, (talking|silent)$/));
    await ann.act("Ben", "Mute");
    await ben.isTold("Ann muted you.");
    await ben.sees(() => ben.button("Unmute"));
    await ann.act("Ben", "Ask to unmute");
    await ben.sees(() => ben.banner("Request to unmute"));
    await ben.press("Unmute now");
    await ann.sees(() => ann.seat("Ben, speaker, talking"));
    await ben.seesNoMore(() => ben.banner("Request to unmute"));
  });

  test("a speaker steps down, comes again, and is moved to the audience", async () => {
    await ben.press("Step down");
    await ann.sees(() => ann.inAudience("Ben"));
    await ann.act("Ben", "Invite to the stage");
    await ben.press("Accept");
    await ben.press("Unmute");
    await ann.sees(() => ann.seat("Ben, speaker, talking"));
    await ann.act("Ben", "Move to the audience");
    await ben.isTold("Ann changed your role: you are in the audience now.");
    await ben.sees(() => ben.button("Raise hand"));
    await ben.comesTo(({ microphone }) => microphone, "off");
  });

  test("on a new seat one is heard again", async () => {
    await ann.act("Ben", "Invite to the stage");
    await ben.press("Accept");
    await ben.press("Unmute");
    await ann.hears();
  });

  test("a moderator is made, unmade, and made again", async () => {
    await ann.act("Ben", "Make moderator");
    await ben.isTold("Ann changed your role: you are a moderator now.");
    await ann.act("Ben", "Take back moderating");
    await ben.isTold("Ann changed your role: you are a speaker now.");
    await ann.act("Ben", "Make moderator");
    await ann.sees(() => ann.seat(/^Ben, moderator/));
  });

  test("a moderator changes the topic and locks the room: nobody new comes in", async () => {
    await ben.press("The room: settings and invitations");
    await ben.page.getByLabel("Topic").fill("How rooms really sound");
    await ben.press("Save");
    await ann.isTold("How rooms really sound");
    await ben.page.getByRole("switch", { name: /Lock the room/ }).click();
    await ann.isTold("The room is locked now.");
    await expect(simulated.listener("Early")).rejects.toThrow("room-locked");
    await ben.page.getByRole("switch", { name: /Lock the room/ }).click();
    await ann.isTold("The room is open again.");
    await ben.press("Close");
  });

  test("somebody is removed and may come again; banned, and may not until unbanned", async () => {
    await simulated.listener("Dan");
    await ben.sees(() => ben.inAudience("Dan"));
    await ben.act("Dan", "Remove from the room");
    await expect.poll(() => simulated.broken.map(String).join()).toContain("kicked");
    await simulated.listener("Dan");
    await ben.sees(() => ben.inAudience("Dan"));
    await ben.act("Dan", "Ban from the room");
    await expect.poll(() => simulated.broken.map(String).join()).toContain("banned");
    await expect(simulated.listener("Dan")).rejects.toThrow("banned");
    await ben.press("The room: settings and invitations");
    await ben.press("Unban Dan");
    await ben.press("Close");
    await simulated.listener("Dan");
    await ben.sees(() => ben.inAudience("Dan"));
  });

  test("the host hands over the room, and who has it then deals the keys", async () => {
    await ann.act("Ben", "Hand over the room");
    await ben.sees(() => ben.seat(/^Ben \(you\), host/));
    await ann.sees(() => ann.seat(/^Ann \(you\), moderator/));
    await ben.comesTo(({ encryption }) => encryption.isDealer, true);
    await ann.comesTo(({ encryption }) => encryption.isDealer, false);
    const { safetyNumber } = (await ben.state()).encryption;
    await ann.comesTo(({ encryption }) => encryption.safetyNumber, safetyNumber);
    await ann.hears();
  });

  test("where the host is gone, the moderator becomes host", async () => {
    await ben.press("Leave");
    await ben.sees(() => ben.page.getByRole("heading", { name: "You have left" }));
    await ann.isTold("The host, Ben, has left.");
    await ann.press("Become the host");
    await ann.sees(() => ann.seat(/^Ann \(you\), host/));
    await ben.press("Join again");
    await ben.sees(() => ben.seat(/^Ben \(you\), moderator/));
    await ben.comesTo(({ encryption }) => encryption.generation !== null, true);
  });

  test("a private room lets in whom its moderators invite", async () => {
    await ann.press("The room: settings and invitations");
    await ann.page.getByLabel("Who may come").selectOption("private");
    await ann.press("Save");
    await ben.sees(() => ben.page.getByText("Private", { exact: true }));
    await expect(simulated.listener("Zoe")).rejects.toThrow("not-invited");
    await ann.page.getByLabel("Invite by account").fill("zoe");
    await ann.press("Invite");
    await ann.isTold("zoe may come in.");
    await ann.press("Close");
    await simulated.listener("Zoe");
    await ann.sees(() => ann.inAudience("Zoe"));
  });

  test("a page whose person is removed or banned says so", async () => {
    await ann.act("Ben", "Remove from the room");
    await ben.sees(() => ben.page.getByRole("heading", { name: "You were removed" }));
    await ann.press("The room: settings and invitations");
    await ann.page.getByLabel("Invite by account").fill("ben");
    await ann.press("Invite");
    await ann.isTold("ben may come in.");
    await ann.press("Close");
    await ben.press("Join again");
    await ann.sees(() => ann.inAudience("Ben"));
    await ann.act("Ben", "Ban from the room");
    await ben.sees(() => ben.page.getByRole("heading", { name: "You are banned" }));
    await ben.page.goto("about:blank");
    await ben.page.goto(ben.link);
    await ben.press("Join");
    await ben.sees(() => ben.page.getByRole("alert").filter({ hasText: "You are banned from this room." }));
    await ann.press("The room: settings and invitations");
    await ann.press("Unban Ben");
    await ann.press("Close");
    await ben.press("Join");
    await ann.sees(() => ann.inAudience("Ben"));
  });

  test("the host ends the room for all", async () => {
    await ann.press("The room: settings and invitations");
    await ann.press("End the room for all");
    await ann.press("End the room for all: press again to confirm");
    for (const person of [ann, ben])
      await person.sees(() => person.page.getByRole("heading", { name: "The room has ended" }));
  });

  test("no page had anything to complain of", () => {
    // A refused ticket is told by the browser as well.
    const complaints = [...ann.complaints, ...ben.complaints].filter(
      (text) => !text.startsWith("Failed to load resource"),
    );
    expect(complaints).toEqual([]);
  });
});
