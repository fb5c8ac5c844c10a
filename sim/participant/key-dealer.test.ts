import { afterEach, describe, expect, test, vi } from "vitest";
import { KeyMember } from "../e2ee/keys/key-member.ts";
import { stepsPerEpoch } from "../e2ee/keys/kid.ts";
import { maxRelayRecipients, type Member } from "../protocol/signalling.ts";
import { toBase64Url } from "../util/bytes.ts";
import { KeyDealer } from "./key-dealer.ts";
import type { TargetSession } from "./target.ts";

const rekeyWindowMs = 60;
const deadline = { timeout: 5000, interval: 5 };

type Receiver = { receive(from: string, sealed: Uint8Array): void };

/** A listener with keys of its own. */
class Listener implements Receiver {
  readonly keys = new KeyMember();
  readonly member: Member;
  /** Generations that were opened; else by what. */
  readonly opened: (number | string)[] = [];
  readonly secrets = new Map<number, string>();

  constructor(participantId: string) {
    this.keys.joined({ roomId: "room", participantId });
    const publicKey = toBase64Url(this.keys.publicKey);
    this.member = { participantId, name: participantId, role: "listener", seat: null, publicKey };
  }

  receive(_from: string, sealed: Uint8Array): void {
    const opened = this.keys.open(sealed);
    if (opened.kind === "secret") {
      this.opened.push(opened.generation);
      this.secrets.set(opened.generation, toBase64Url(opened.secret));
    } else if (opened.kind === "refused") this.opened.push(opened.cause);
  }
}

type OnStage = Receiver & {
  readonly dealer: KeyDealer;
  readonly member: Member;
  readonly told: Map<number, string>;
  readonly errors: unknown[];
};

/** A room whose server brings every sealed message to whom it is for. */
class Room {
  readonly receivers = new Map<string, Receiver>();
  readonly listeners: Listener[] = [];
  readonly stage: OnStage[] = [];
  readonly relayed: string[][] = [];
  failing: Error | undefined;

  async comeToStage(participantId: string): Promise<OnStage> {
    const told = new Map<number, string>();
    const errors: unknown[] = [];
    const dealer = await KeyDealer.create({
      rekeyWindowMs,
      onSecret: (generation, secret) => {
        told.set(generation, toBase64Url(secret));
      },
      onError: (error) => {
        errors.push(error);
      },
    });
    const member: Member = {
      participantId,
      name: participantId,
      role: this.stage.length === 0 ? "host" : "speaker",
      seat: this.stage.length,
      publicKey: toBase64Url(dealer.publicKey),
    };
    const one: OnStage = {
      dealer,
      member,
      told,
      errors,
      receive: (from, sealed) => {
        dealer.open(from, sealed);
      },
    };
    for (const other of this.stage) other.dealer.joined(member);
    this.stage.push(one);
    this.receivers.set(participantId, one);
    dealer.begin(this.#session(member));
    await vi.waitUntil(() => dealer.status !== undefined, deadline);
    return one;
  }

  come(...listeners: Listener[]): void {
    for (const listener of listeners) {
      this.listeners.push(listener);
      this.receivers.set(listener.member.participantId, listener);
      for (const { dealer } of this.stage) dealer.joined(listener.member);
    }
  }

  leave(participantId: string): void {
    this.receivers.delete(participantId);
    for (const { dealer, member } of this.stage) {
      if (member.participantId !== participantId) dealer.left(participantId);
    }
  }

  #session({ participantId, seat }: Member): TargetSession {
    const unused = (): never => {
      throw new Error("not for the dealer");
    };
    return {
      participantId,
      roomId: "room",
      seat,
      stage: this.stage.map(({ member }) => member),
      audience: this.listeners.map(({ member }) => member),
      get transport() {
        return unused();
      },
      streams: [],
      publish: unused,
      reconnect: unused,
      leave: unused,
      close: unused,
      peer: undefined,
      relay: (messages) => {
        if (this.failing !== undefined) return Promise.reject(this.failing);
        this.relayed.push(messages.map(({ to }) => to));
        for (const { to, sealed } of messages) this.receivers.get(to)?.receive(participantId, sealed);
        return Promise.resolve();
      },
    };
  }
}

const rooms: Room[] = [];

function newRoom(): Room {
  const room = new Room();
  rooms.push(room);
  return room;
}

afterEach(async () => {
  const dealers = rooms.splice(0).flatMap(({ stage }) => stage.map(({ dealer }) => dealer));
  await Promise.all(dealers.map((dealer) => dealer.close()));
});

describe("a host alone on the stage", () => {
  test("has a secret of its own before anybody is there", async () => {
    const host = await newRoom().comeToStage("host");
    expect([...host.told.keys()]).toEqual([0]);
  });

  test("seals it to a crowd that comes at once together, no more in a message than the server takes", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const crowd = Array.from({ length: maxRelayRecipients + 30 }, (_, index) => new Listener(`l${index}`));
    room.come(...crowd);
    await vi.waitFor(() => {
      expect(crowd.every(({ secrets }) => secrets.get(0) === host.told.get(0))).toBe(true);
    }, deadline);
    expect(room.relayed.flat().toSorted()).toEqual(
      crowd.map(({ member }) => member.participantId).toSorted(),
    );
    expect(Math.max(...room.relayed.map(({ length }) => length))).toBeLessThanOrEqual(maxRelayRecipients);
    expect(host.dealer.sealed).toBe(crowd.length);
    expect(host.dealer.status?.dealtTo).toBe(crowd.length);
    expect(host.dealer.everDealtTo.size).toBe(crowd.length);
  });

  test("leaves those alone who take no part in encryption", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const [plain, lea] = [new Listener("plain"), new Listener("lea")];
    room.receivers.set("plain", plain);
    host.dealer.joined({ ...plain.member, publicKey: null });
    room.come(lea);
    await vi.waitFor(() => {
      expect(lea.opened).toEqual([0]);
    }, deadline);
    expect(plain.opened).toEqual([]);
  });
});

describe("a leave", () => {
  test("is answered once a window, by a fresh secret for those who stay and for them alone", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const crowd = ["a", "b", "c", "d", "e"].map((name) => new Listener(name));
    room.come(...crowd);
    await vi.waitFor(() => {
      expect(crowd.every(({ opened }) => opened.length === 1)).toBe(true);
    }, deadline);
    for (const name of ["a", "b", "c"]) room.leave(name);
    await vi.waitFor(() => {
      expect(crowd.map(({ opened }) => opened)).toEqual([
        [0],
        [0],
        [0],
        [0, stepsPerEpoch],
        [0, stepsPerEpoch],
      ]);
    }, deadline);
    expect(crowd[4]?.secrets.get(stepsPerEpoch)).toBe(host.told.get(stepsPerEpoch));
    expect(host.told.get(stepsPerEpoch)).not.toBe(host.told.get(0));
    expect(host.dealer.rekeys).toBe(1);
  });

  test("before the key was dealt: none is, and nobody is rekeyed for it", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const [flash, lea] = [new Listener("flash"), new Listener("lea")];
    room.come(flash);
    room.leave("flash");
    room.come(lea);
    await vi.waitFor(() => {
      expect(lea.opened).toEqual([0]);
    }, deadline);
    expect(flash.opened).toEqual([]);
    expect([...host.told.keys()]).toEqual([0]);
  });
});

describe("a stage of several", () => {
  test("has one secret; when who deals goes the next does, and whoever comes then hears", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const ada = await room.comeToStage("ada");
    const bob = await room.comeToStage("bob");
    const lea = new Listener("lea");
    room.come(lea);
    await vi.waitFor(() => {
      expect([ada.told.get(0), bob.told.get(0), lea.secrets.get(0)]).toEqual(
        Array.from({ length: 3 }, () => host.told.get(0)),
      );
      expect(new Set(room.stage.map(({ dealer }) => dealer.status?.safetyNumber)).size).toBe(1);
    }, deadline);
    room.leave("host");
    const late = new Listener("late");
    room.stage.shift();
    room.come(late);
    await host.dealer.close();
    await vi.waitFor(() => {
      const generation = stepsPerEpoch;
      const secrets = [ada.told, bob.told, lea.secrets, late.secrets].map((known) => known.get(generation));
      expect(new Set(secrets).size).toBe(1);
      expect(secrets[0]).toBeDefined();
    }, deadline);
    expect([ada, bob].map(({ dealer }) => dealer.status?.isDealer)).toEqual([true, false]);
    expect([...ada.errors, ...bob.errors, ...host.errors]).toEqual([]);
  });
});

describe("trouble", () => {
  test("with the server is told", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    room.failing = new Error("too many requests");
    room.come(new Listener("lea"));
    await vi.waitFor(() => {
      expect(host.errors).toEqual([room.failing]);
    }, deadline);
  });

  test("is not what closing makes of the work that is left", async () => {
    const room = newRoom();
    const host = await room.comeToStage("host");
    const lea = new Listener("lea");
    room.come(lea);
    await Promise.all([host.dealer.close(), host.dealer.close()]);
    room.come(new Listener("lou"));
    room.leave("lea");
    await host.dealer.close();
    expect(host.errors).toEqual([]);
    expect(lea.opened).toEqual([]);
  });
});
