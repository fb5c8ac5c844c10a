import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { StageStatus } from "../e2ee/keys/stage-keys.ts";
import type { Member, Role } from "../protocol/signalling.ts";
import { joinAnswer } from "./_arrange.ts";
import type { ToWorker } from "./frame-guard.ts";
import { batches, RoomKeys, type SealedOut } from "./keys.ts";

/** A room whose server relays, and whose members have keys and no media. */
class Room {
  readonly people = new Map<string, Person>();

  async comes(participantId: string, role: Role, seat: number | null): Promise<Person> {
    const person = new Person(this, participantId);
    const member = { participantId, name: participantId, role, seat, publicKey: person.keys.publicKey };
    for (const { keys } of this.people.values()) keys.memberHere(member);
    this.people.set(participantId, person);
    person.member = member;
    const members = [...this.people.values()].map((one) => one.member);
    const audience = members.filter((one) => one.seat === null);
    person.keys.joined(
      joinAnswer({
        participantId,
        role,
        seat,
        stage: members.filter((one) => one.seat !== null),
        audience: seat === null ? null : audience,
      }),
    );
    await settle();
    return person;
  }

  async changes(participantId: string, role: Role, seat: number | null): Promise<void> {
    const person = this.people.get(participantId);
    if (person === undefined) throw new Error(`no ${participantId}`);
    person.member = { ...person.member, role, seat };
    for (const { keys, member } of this.people.values()) {
      if (member.participantId === participantId) keys.placed(role, seat, null);
      else keys.memberHere(person.member);
    }
    await settle();
  }

  async leaves(participantId: string): Promise<void> {
    this.people.get(participantId)?.keys.close();
    this.people.delete(participantId);
    for (const { keys } of this.people.values()) keys.memberLeft(participantId);
    await vi.advanceTimersByTimeAsync(6000);
    await settle();
  }
}

class Person {
  readonly keys: RoomKeys;
  readonly toWorker: ToWorker[] = [];
  readonly errors: unknown[] = [];
  status: StageStatus | undefined;
  generation = -1;
  member: Member;

  constructor(room: Room, participantId: string) {
    this.keys = new RoomKeys({
      now: () => performance.now(),
      unixMs: () => 1_800_000_000_000,
      toWorker: (message) => this.toWorker.push(message),
      relay: async (messages) => {
        for (const { to, sealed } of messages) room.people.get(to)?.keys.open(participantId, sealed);
      },
      onStatus: (status, generation) => {
        this.status = status;
        this.generation = Math.max(this.generation, generation ?? -1);
      },
      onError: (error) => this.errors.push(error),
    });
    const publicKey = this.keys.publicKey;
    this.member = { participantId, name: participantId, role: "listener", seat: null, publicKey };
  }

  /** The newest secret that went to the worker. */
  get secret(): string {
    const secrets = this.toWorker.flatMap((message) => (message.type === "secret" ? [message] : []));
    const newest = secrets.toSorted((one, other) => other.generation - one.generation)[0];
    return newest === undefined
      ? "none"
      : `${newest.generation}: ${Buffer.from(newest.secret).toString("hex")}`;
  }
}

/** WebCrypto's work is done on other threads: it is waited for by turns of the real event loop. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) {
    await vi.advanceTimersByTimeAsync(50);
    await new Promise((resolve) => {
      realSetTimeout(resolve, 2);
    });
  }
}
const realSetTimeout = setTimeout;

let room: Room;
beforeEach(() => {
  vi.useFakeTimers();
  room = new Room();
});
afterEach(() => {
  for (const { keys } of room.people.values()) keys.close();
  vi.useRealTimers();
});

describe("the keys of a room", () => {
  test("are the same for a host, a speaker and a listener, and so is the safety number", async () => {
    const host = await room.comes("ann", "host", 0);
    const speaker = await room.comes("ben", "speaker", 1);
    const listener = await room.comes("dan", "listener", null);
    expect(host.status?.isDealer).toBe(true);
    expect(new Set([host.secret, speaker.secret, listener.secret]).size).toBe(1);
    expect(host.status?.safetyNumber).toMatch(/^(\d{5} ){5}\d{5}$/);
    expect(new Set([host, speaker, listener].map(({ status }) => status?.safetyNumber)).size).toBe(1);
    expect([host, speaker, listener].flatMap(({ errors }) => errors)).toEqual([]);
  });

  test("are other ones after somebody has left, for those who stay", async () => {
    const host = await room.comes("ann", "host", 0);
    const listener = await room.comes("dan", "listener", null);
    const gone = await room.comes("eve", "listener", null);
    await room.leaves("eve");
    expect(listener.secret).toBe(host.secret);
    expect(gone.secret).not.toBe(host.secret);
  });

  test("go with a listener to the stage, and back", async () => {
    const host = await room.comes("ann", "host", 0);
    const guest = await room.comes("dan", "listener", null);
    await room.changes("dan", "speaker", 1);
    await room.leaves("nobody");
    expect(guest.toWorker).toContainEqual({ type: "self", participantId: "dan", seat: 1 });
    expect(guest.secret).toBe(host.secret);
    await room.changes("dan", "listener", null);
    await room.leaves("nobody");
    expect(guest.secret).toBe(host.secret);
  });

  test("are dealt by the next on the stage when the host is gone", async () => {
    await room.comes("ann", "host", 0);
    const speaker = await room.comes("ben", "speaker", 1);
    const listener = await room.comes("dan", "listener", null);
    const before = listener.secret;
    await room.leaves("ann");
    await settle();
    expect(speaker.status?.isDealer).toBe(true);
    expect(listener.secret).toBe(speaker.secret);
    expect(listener.secret).not.toBe(before);
  });
});

describe("sealed bytes", () => {
  const message = (length: number): SealedOut => ({ to: "x", sealed: "A".repeat(length) });

  test("go a hundred at a time", () => {
    const sizes = batches(Array.from({ length: 250 }, () => message(2))).map(({ length }) => length);
    expect(sizes).toEqual([100, 100, 50]);
  });

  test("go in requests that the server takes, however long they are", () => {
    const sizes = batches([message(20_000), message(20_000), message(20_000), message(1)]).map(
      ({ length }) => length,
    );
    expect(sizes).toEqual([2, 2]);
  });

  test("that are none need no request", () => {
    expect(batches([])).toEqual([]);
  });
});
