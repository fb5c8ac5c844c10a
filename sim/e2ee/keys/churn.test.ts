import { describe, expect, test } from "vitest";

import { defaultActivationMs } from "./key-distributor.ts";
import { Room } from "./_room-model.ts";
import type { Listener } from "./_room-model.ts";

const rekeyWindowMs = 5000;
const latencyMs = 30;
const framePeriodMs = 40;

/** For each who is entitled: since when it could not open a speaker's frames; the longest such time. */
class Gaps {
  longestMs = 0;
  readonly #since = new Map<string, number>();

  observe(key: string, isOpened: boolean, nowMs: number): void {
    if (isOpened) {
      this.#since.delete(key);
      return;
    }
    const since = this.#since.get(key) ?? nowMs;
    this.#since.set(key, since);
    this.longestMs = Math.max(this.longestMs, nowMs + framePeriodMs - since);
  }
}

async function openRoom(listeners: number): Promise<Room> {
  const room = new Room({ rekeyWindowMs, latencyMs });
  room.host = "host";
  await room.addSpeaker("host");
  await room.addSpeaker("ada");
  await room.pass(2000);
  for (let index = 0; index < listeners; index++) await room.addListener(`l${index}`);
  await room.pass(2000);
  return room;
}

describe("a minute in which 100 of 100 leave and 100 come", () => {
  test("no entitled listener lacks a key for more than 200 ms, and no leaver opens a frame once the window has closed", async () => {
    const room = await openRoom(100);
    const gaps = new Gaps();
    const left: { listener: Listener; closesAtMs: number }[] = [];
    let [opened, openedTooLate, nextFrameMs] = [0, 0, 0];
    const listen = (): void => {
      if (room.nowMs < nextFrameMs) return;
      nextFrameMs = room.nowMs + framePeriodMs;
      for (const speaker of room.speakers.values()) {
        const frame = speaker.speak(room.nowMs);
        if (frame === null) throw new Error("a speaker without a key");
        for (const listener of room.listeners.values()) {
          const isOpened = listener.decrypt(frame, room.nowMs).kind === "ok";
          gaps.observe(`${listener.id} ${speaker.id}`, isOpened, room.nowMs);
          if (isOpened) opened++;
        }
        for (const { listener, closesAtMs } of left) {
          if (room.nowMs < closesAtMs) continue;
          if (listener.decrypt(frame, room.nowMs).kind === "ok") openedTooLate++;
        }
      }
    };
    const startedAtMs = room.nowMs;
    for (let index = 0; index < 100; index++) {
      const leaver = room.listener(`l${index}`);
      await room.remove(leaver.id);
      // The window, the way to the speakers, and the time until they change over.
      const closesAtMs = room.nowMs + rekeyWindowMs + latencyMs + defaultActivationMs + framePeriodMs;
      left.push({ listener: leaver, closesAtMs });
      await room.pass(290, listen);
      await room.addListener(`l${100 + index}`);
      await room.pass(310, listen);
    }
    expect(room.nowMs - startedAtMs).toBe(60_000);
    expect(gaps.longestMs).toBeLessThanOrEqual(200);
    expect(openedTooLate).toBe(0);
    expect(opened).toBeGreaterThan(250_000);
    expect(left.filter(({ closesAtMs }) => closesAtMs < room.nowMs).length).toBeGreaterThan(80);
    expect(room.speaker("host").status?.rekeys).toBeLessThanOrEqual(12);
  }, 240_000);
});

describe("a newcomer", () => {
  test("cannot open what came more than a second before it, nor a frame of an earlier epoch", async () => {
    const room = await openRoom(1);
    const host = room.speaker("host");
    const frames: { frame: Uint8Array; atMs: number }[] = [];
    await room.pass(8000, () => {
      const frame = host.speak(room.nowMs);
      if (frame !== null) frames.push({ frame, atMs: room.nowMs });
    });
    const late = await room.addListener("late");
    const cameAtMs = room.nowMs;
    await room.pass(200);
    expect(late.secrets.newest).toBeGreaterThan(0);
    const openable = frames.filter(({ frame }) => late.decrypt(frame, room.nowMs).kind === "ok");
    expect(openable.filter(({ atMs }) => atMs < cameAtMs - 1000)).toEqual([]);
    const now = host.speak(room.nowMs) ?? new Uint8Array(0);
    expect(late.decrypt(now, room.nowMs).kind).toBe("ok");
  });
});

describe("when who deals is gone", () => {
  test("the next takes over at once: who is there never lacks a key, who comes waits as for any join", async () => {
    const room = await openRoom(20);
    await room.addSpeaker("bob");
    await room.pass(1000);
    const gaps = new Gaps();
    const listen = (): void => {
      for (const speaker of room.speakers.values()) {
        const frame = speaker.speak(room.nowMs) ?? new Uint8Array(0);
        for (const listener of room.listeners.values()) {
          const isOpened = listener.decrypt(frame, room.nowMs).kind === "ok";
          gaps.observe(`${listener.id} ${speaker.id}`, isOpened, room.nowMs);
        }
      }
    };
    await room.remove("host");
    const late = await room.addListener("late");
    await room.pass(3000, listen);
    expect(room.dealer?.id).toBe("ada");
    expect(gaps.longestMs).toBeLessThanOrEqual(200);
    expect(late.refused).toEqual([]);
    for (const { keys } of room.listeners.values()) expect(keys.trust.unvouched).toBe(0);
    await room.remove("ada");
    await room.pass(3000, listen);
    expect(room.dealer?.id).toBe("bob");
    expect(gaps.longestMs).toBeLessThanOrEqual(200);
  });

  test("and comes back, it is given keys by who deals now, and deals again only as the host", async () => {
    const room = await openRoom(3);
    await room.remove("host");
    await room.pass(2000);
    const again = await room.addSpeaker("host");
    await room.pass(2000);
    expect(room.dealer?.id).toBe("host");
    expect([...room.speakers.values()].map(({ status }) => status?.isDealer)).toEqual([false, true]);
    for (const listener of room.listeners.values()) {
      expect(listener.decrypt(again.speak(room.nowMs) ?? new Uint8Array(0), room.nowMs).kind).toBe("ok");
      expect(listener.keys.trust.unvouched).toBe(0);
    }
  });

  test("and nobody is left on the stage, who comes first begins anew above all that was dealt, and it is counted", async () => {
    const room = await openRoom(3);
    await room.remove("ada");
    await room.pass(7000);
    await room.remove("host");
    await room.pass(1000);
    const again = await room.addSpeaker("host");
    await room.pass(2000);
    for (const listener of room.listeners.values()) {
      expect(listener.decrypt(again.speak(room.nowMs) ?? new Uint8Array(0), room.nowMs).kind).toBe("ok");
      expect(listener.keys.trust.unvouched).toBe(1);
    }
  });

  test("hands over as host, the new host deals, and nobody lacks a key", async () => {
    const room = await openRoom(3);
    const [host, ada] = [room.speaker("host"), room.speaker("ada")];
    room.host = "ada";
    for (const changed of [host, ada]) {
      for (const told of [host, ada]) {
        await room.perform(told, { kind: "changed", member: room.memberOf(changed) });
      }
    }
    await room.pass(2000);
    expect(room.dealer?.id).toBe("ada");
    for (const speaker of [host, ada]) {
      const frame = speaker.speak(room.nowMs) ?? new Uint8Array(0);
      for (const listener of room.listeners.values()) {
        expect(listener.decrypt(frame, room.nowMs).kind).toBe("ok");
      }
    }
  });
});
