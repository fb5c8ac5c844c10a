/** Somebody at a page of the browser client, who does what people do: by roles and labels alone. */
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Role } from "../../protocol/signalling.ts";
import type { State } from "../../web/state.ts";
import type { MediaStats } from "../../web/stats.ts";
import { openPage } from "./_chromium.ts";
import { linkFor } from "./_room.ts";

const patienceMs = 15_000;

export class Person {
  readonly name: string;
  readonly page: Page;
  /** What the page's console said in anger. */
  readonly complaints: string[];
  readonly link: string;

  private constructor(name: string, link: string, page: Page, complaints: string[]) {
    this.name = name;
    this.link = link;
    this.page = page;
    this.complaints = complaints;
  }

  /** At the door, with a link; `at`: where the page is, if not at the server itself. */
  static async open(
    browser: Browser,
    at: { httpUrl: string },
    who: { name: string; role: Role; room: string },
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const { name } = who;
    const link = await linkFor(at, { ...who, id: name.toLowerCase() });
    const { page, complaints } = await openPage(browser, link, options);
    return new Person(name, link, page, complaints);
  }

  /** At the door and through it. */
  static async join(...args: Parameters<typeof Person.open>): Promise<Person> {
    const person = await Person.open(...args);
    await person.press("Join");
    await person.sees(() => person.page.getByRole("toolbar", { name: "Your controls" }));
    return person;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.button(name).click();
  }

  /** One of those on the stage, whose label says how they are: "Ben, speaker, muted". */
  seat(label: string | RegExp): Locator {
    return this.page.getByRole("region", { name: "On stage" }).getByRole("listitem", { name: label });
  }

  inAudience(name: string): Locator {
    return this.page
      .getByRole("region", { name: "Audience" })
      .getByRole("listitem")
      .filter({ hasText: name });
  }

  banner(label: string): Locator {
    return this.page.getByRole("region", { name: label });
  }

  /** Does something to somebody by the menu; what is grave takes a second press. */
  async act(name: string, label: string): Promise<void> {
    await this.press(`Actions for ${name}`);
    const sheet = this.page.getByRole("dialog", { name });
    await sheet.getByRole("button", { name: label, exact: true }).click();
    const again = sheet.getByRole("button", { name: `${label}: press again to confirm` });
    if (await again.isVisible()) await again.click();
    await sheet.waitFor({ state: "detached" });
  }

  /** Until it is there. */
  async sees(what: () => Locator): Promise<void> {
    await what().first().waitFor({ state: "visible", timeout: patienceMs });
  }

  async seesNoMore(what: () => Locator): Promise<void> {
    await what().first().waitFor({ state: "detached", timeout: patienceMs });
  }

  async isTold(text: string | RegExp): Promise<void> {
    await this.sees(() => this.page.getByText(text));
  }

  state(): Promise<State> {
    return this.page.evaluate<State>("window.soundcheck.state()");
  }

  stats(): Promise<MediaStats> {
    return this.page.evaluate<MediaStats>("window.soundcheck.stats()");
  }

  /** Until the state is so. */
  async comesTo(value: (state: State) => unknown, wanted: string | number | boolean | null): Promise<void> {
    await until(
      async () => value(await this.state()),
      (present) => present === wanted,
      `${this.name}'s page to come to ${JSON.stringify(wanted)}`,
    );
  }

  /** Until sound has come out of the decoder since now: a second of packets, and more than silence in them. */
  async hears(): Promise<void> {
    const before = (await this.stats()).receiving;
    await until(
      async () => (await this.stats()).receiving,
      ({ packetsReceived, totalAudioEnergy }) =>
        packetsReceived - before.packetsReceived > 50 && totalAudioEnergy - before.totalAudioEnergy > 0.0005,
      `${this.name}'s page to hear something`,
    );
  }
}

/** Looks again and again until what it sees fits; throws when that is not so in time. */
async function until<Value>(
  look: () => Promise<Value>,
  fits: (value: Value) => boolean,
  what: string,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const value = await look();
    if (fits(value)) return;
    if (performance.now() > deadlineMs)
      throw new Error(`waited in vain for ${what}: ${JSON.stringify(value)}`);
    await delay(50);
  }
}
