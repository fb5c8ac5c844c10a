/** How the page looks, kept as pictures; that it fits a phone, and that a keyboard is enough. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RoomServer } from "../../server/server.ts";
import { developmentTls } from "../../server/tls.ts";
import { systemWallClock } from "../../util/clock.ts";
import { admin, adminToken } from "../integration/_outside.ts";
import { chromiumPath, launch } from "./_chromium.ts";
import { Person } from "./_person.ts";
import { buildClient, cacheDirectory, serveClient, Simulated } from "./_room.ts";

const room = "looks";
const pictures = join(cacheDirectory, "artifacts", "screenshots");
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const looks: [name: string, options: BrowserContextOptions][] = [
  ["desktop-dark", { colorScheme: "dark" }],
  ["desktop-light", { colorScheme: "light" }],
  ["phone-dark", { ...phone, colorScheme: "dark" }],
  ["phone-light", { ...phone, colorScheme: "light" }],
];

describe.skipIf(chromiumPath === undefined)("the page", () => {
  let web: string;
  let server: RoomServer;
  let browser: Browser;
  let simulated: Simulated;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    web = await buildClient();
    server = await serveClient(web, { adminToken });
    browser = await launch(join(cacheDirectory, "test-browser"));
    simulated = new Simulated(server, room);
    for (const [roomId, lobby] of [
      [room, false],
      ["later", true],
    ] as const) {
      const [title, topic] = ["Night shift radio", "How a room of four hundred sounds at two in the morning"];
      await admin(server, "POST", "/rooms", { roomId, title, topic, visibility: "public", lobby });
    }
    await simulated.speaker("Cleo Abara", "host");
    for (const name of ["Mina Park", "Oskar Lindqvist-Maier"]) await simulated.speaker(name, "speaker");
    for (const name of ["Dan", "Eve Moreau", "Farid Nasser", "Grace Hopper", "Hana Suzuki"])
      await simulated.listener(name);
  });
  afterAll(async () => {
    await simulated[Symbol.asyncDispose]();
    await browser.close();
    await server.close();
    rmSync(web, { recursive: true, force: true });
  });

  async function picture(person: Person, name: string): Promise<void> {
    await person.page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
    const [content, window] = await person.page.evaluate<[number, number]>(
      "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
    );
    expect(content, `${name} is wider than its window`).toBeLessThanOrEqual(window);
  }

  test.each(looks)("fits its window from the door to the room: %s", async (look, options) => {
    const waiting = await Person.open(
      browser,
      server,
      { name: "Ann", role: "listener", room: "later" },
      options,
    );
    await picture(waiting, `${look}-1-door`);
    await waiting.press("Join");
    await waiting.sees(() => waiting.page.getByRole("heading", { name: "Waiting for the host" }));
    await picture(waiting, `${look}-2-lobby`);
    const person = await Person.join(
      browser,
      server,
      { name: "Ann Lee", role: "moderator", room },
      { ...options, reducedMotion: "reduce" },
    );
    const listener = await Person.join(
      browser,
      server,
      { name: "Ben Okafor", role: "listener", room },
      options,
    );
    await listener.press("Raise hand");
    await person.press("Unmute");
    await person.sees(() => person.seat("Ann Lee (you), moderator, talking"));
    await person.sees(() => person.inAudience("Ben Okafor"));
    await person.comesTo(({ quality }) => (quality?.lossPercent ?? null) !== null, true);
    await picture(person, `${look}-3-stage`);
    await person.press("Actions for Mina Park");
    await picture(person, `${look}-4-moderator-menu`);
    await person.press("Close");
    await person.press("The room: settings and invitations");
    await picture(person, `${look}-5-settings`);
    await person.press("Close");
    await person.press("Encrypted: show the safety number");
    await picture(person, `${look}-6-safety-number`);
    await person.press("Close");
    await person.press(/^Connection: /);
    await picture(person, `${look}-7-connection`);
    await person.press("Close");
    await person.press("Mute");
    await listener.sees(() => listener.seat("Ann Lee, moderator, muted"));
    await person.press("Invite Ben Okafor to the stage");
    await listener.sees(() => listener.banner("Invitation to the stage"));
    await picture(listener, `${look}-8-invitation`);
    await listener.press("Leave");
    await listener.sees(() => listener.page.getByRole("heading", { name: "You have left" }));
    await picture(listener, `${look}-9-left`);
    await person.press("Leave");
    await waiting.press("Leave");
    await Promise.all([person, listener, waiting].map(({ page }) => page.context().close()));
  });

  test("a keyboard is enough, and the focus comes back to where it was", async () => {
    const person = await Person.open(browser, server, { name: "Kay", role: "moderator", room });
    const keyboard = person.page.keyboard;
    const focused = (): Promise<string> =>
      person.page.evaluate<string>(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
      );
    expect(await focused()).toBe("Join");
    await keyboard.press("Enter");
    await person.sees(() => person.seat("Kay (you), moderator, muted"));
    // A screen reader says the room's name first.
    expect(await focused()).toBe("Night shift radio");
    await keyboard.press("m");
    await person.sees(() => person.button("Mute"));
    await keyboard.press("m");
    await person.sees(() => person.button("Unmute"));
    for (let tabs = 0; (await focused()) !== "Actions for Mina Park" && tabs < 20; tabs++)
      await keyboard.press("Tab");
    await keyboard.press("Enter");
    await person.sees(() => person.page.getByRole("dialog", { name: "Mina Park" }));
    // What is behind a dialog is out of reach, shortcuts as well.
    await keyboard.press("m");
    expect((await person.state()).microphone).toBe("muted");
    await keyboard.press("Escape");
    await person.seesNoMore(() => person.page.getByRole("dialog"));
    expect(await focused()).toBe("Actions for Mina Park");
    for (let tabs = 0; (await focused()) !== "Leave" && tabs < 30; tabs++) await keyboard.press("Tab");
    await keyboard.press("Enter");
    await person.sees(() => person.page.getByRole("heading", { name: "You have left" }));
    expect(person.complaints).toEqual([]);
  });

  test("works under TLS as well", async () => {
    const tls = developmentTls(join(cacheDirectory, "test-browser"), [], systemWallClock);
    const secure = await serveClient(web, { tls });
    try {
      const options = { ignoreHTTPSErrors: true };
      const person = await Person.join(browser, secure, { name: "Tess", role: "host", room: "tls" }, options);
      expect(person.page.url()).toMatch(/^https:/);
      await person.press("Unmute");
      await person.comesTo(({ encryption }) => encryption.sealed > 0, true);
    } finally {
      await secure.close();
    }
  });

  test("whoever comes without a link is asked for one, and told what is none", async () => {
    const person = await Person.open(browser, server, { name: "Ann", role: "listener", room });
    await person.page.goto("about:blank");
    await person.page.goto(server.httpUrl);
    await person.page.getByLabel("Invitation link or token").fill("hello");
    await person.press("Continue");
    await person.sees(() => person.page.getByRole("alert").filter({ hasText: "That is no invitation" }));
    await picture(person, "desktop-0-no-link");
    await person.page.getByLabel("Invitation link or token").fill(person.link);
    await person.press("Continue");
    await person.sees(() => person.button("Join"));
  });
});
