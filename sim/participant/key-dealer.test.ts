import { afterEach, describe, expect, test, vi } from "vitest";
import { KeyMember } from "../e2ee/keys/key-member.ts";
import { maxRelayRecipients, type Member } from "../protocol/signalling.ts";
import { toBase64Url } from "../util/bytes.ts";
import { KeyDealer } from "./key-dealer.ts";
import type { TargetSession } from "./target.ts";

const rekeyWindowMs = 60;
const deadline = { timeout: 5000, interval: 5 };

/** Somebody in the room with keys of their own. */
class Peer {
  readonly keys = new KeyMember();
  readonly member: Member;
  /** Generations that were opened; a refusal by its cause. */
  readonly opened: (number | string)[] = [];
  readonly secrets = new Map<number, string>();

  constructor(participantId: string, seat: number | null = null) {
    this.keys.joined({ roomId: "room", participantId });
    const publicKey = toBase64Url(this.keys.publicKey);
    this.member = {
      participantId,
      name: participantId,
      role: seat === null ? "listener" : "speaker",
      seat,
      publicKey,
    };
  }

  receive(sealed: Uint8Array): void {
    const opened = this.keys.open(sealed);
    this.opened.push(opened.kind === "secret" ? opened.generation : opened.cause);
    if (opened.kind === "secret") this.secrets.set(opened.generation, toBase64Url(opened.secret));
  }
}

/** A room whose server brings every sealed message to its peer. */
class Room {
  readonly peers = new Map<string, Peer>();
  readonly relayed: string[][] = [];
  failing: Error | undefined;

  add(...peers: Peer[]): void {
    for (const peer of peers) this.peers.set(peer.member.participantId, peer);
  }

  session(stage: Peer[] = [], audience: Peer[] = []): TargetSession {
    this.add(...stage, ...audience);
    const unused = (): never => {
      throw new Error("not for the dealer");
    };
    return {
      participantId: "host",
      roomId: "room",
      seat: 0,
      stage: [new Peer("host", 0), ...stage].map(({ member }) => member),
      audience: audience.map(({ member }) => member),
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
        for (const { to, sealed } of messages) this.peers.get(to)?.receive(sealed);
        return Promise.resolve();
      },
    };
  }
}

const dealers: KeyDealer[] = [];

async function deal(): Promise<{ dealer: KeyDealer; told: Map<number, string>; errors: unknown[] }> {
  const told = new Map<number, string>();
  const errors: unknown[] = [];
  const dealer = await KeyDealer.create({
    roomId: "room",
    rekeyWindowMs,
    onSecret: (generation, secret) => {
      told.set(generation, toBase64Url(secret));
    },
    onError: (error) => {
      errors.push(error);
    },
  });
  dealers.push(dealer);
  return { dealer, told, errors };
}

afterEach(async () => {
  await Promise.all(dealers.splice(0).map((dealer) => dealer.close()));
});

describe("a dealer", () => {
  test("has a secret of its own before anybody is there", async () => {
    const { told } = await deal();
    expect([...told.keys()]).toEqual([0]);
  });

  test("seals it to all who are there already, stage and audience, and not to itself", async () => {
    const { dealer, told } = await deal();
    const [ada, lea] = [new Peer("ada", 1), new Peer("lea")];
    const room = new Room();
    dealer.begin(room.session([ada], [lea]));
    await vi.waitFor(() => {
      expect([ada.secrets.get(0), lea.secrets.get(0)]).toEqual([told.get(0), told.get(0)]);
    }, deadline);
    expect(room.relayed.flat().toSorted()).toEqual(["ada", "lea"]);
    expect(dealer.sealed).toBe(2);
  });

  test("deals to a crowd that comes at once together, as many in a message as the server takes", async () => {
    const { dealer } = await deal();
    const crowd = Array.from({ length: maxRelayRecipients + 30 }, (_, index) => new Peer(`l${index}`));
    const room = new Room();
    dealer.begin(room.session());
    room.add(...crowd);
    for (const { member } of crowd) dealer.joined(member);
    await vi.waitFor(() => {
      expect(crowd.every(({ opened }) => opened.length === 1)).toBe(true);
    }, deadline);
    expect(room.relayed.map(({ length }) => length)).toEqual([maxRelayRecipients, 30]);
  });

  test("leaves those alone who take no part in encryption", async () => {
    const { dealer } = await deal();
    const [plain, lea] = [new Peer("plain"), new Peer("lea")];
    const room = new Room();
    dealer.begin(room.session());
    room.add(plain, lea);
    dealer.joined({ ...plain.member, publicKey: null });
    dealer.joined(lea.member);
    await vi.waitFor(() => {
      expect(lea.opened).toEqual([0]);
    }, deadline);
    expect(plain.opened).toEqual([]);
  });
});

describe("a leave", () => {
  test("is answered by a fresh secret for those who stay, and for them alone", async () => {
    const { dealer, told } = await deal();
    const [ada, lea, leo] = [new Peer("ada", 1), new Peer("lea"), new Peer("leo")];
    dealer.begin(new Room().session([ada], [lea, leo]));
    await vi.waitFor(() => {
      expect([ada, lea, leo].map(({ opened }) => opened)).toEqual([[0], [0], [0]]);
    }, deadline);
    dealer.left("leo");
    await vi.waitFor(() => {
      expect(told.has(1)).toBe(true);
    }, deadline);
    expect(leo.opened).toEqual([0]);
    expect([ada.secrets.get(1), lea.secrets.get(1)]).toEqual([told.get(1), told.get(1)]);
    expect(told.get(1)).not.toBe(told.get(0));
  });

  test("of many within a window is answered once", async () => {
    const { dealer, told } = await deal();
    const crowd = ["a", "b", "c", "d", "e"].map((name) => new Peer(name));
    dealer.begin(new Room().session([], crowd));
    await vi.waitFor(() => {
      expect(crowd.every(({ opened }) => opened.length === 1)).toBe(true);
    }, deadline);
    for (const name of ["a", "b", "c"]) dealer.left(name);
    await vi.waitFor(() => {
      expect(told.has(1)).toBe(true);
    }, deadline);
    expect(crowd.map(({ opened }) => opened)).toEqual([[0], [0], [0], [0, 1], [0, 1]]);
    expect(dealer.rekeys).toBe(1);
  });
});

describe("the order of things", () => {
  test("who leaves before their key was dealt never gets one, and nobody is rekeyed for it", async () => {
    const { dealer, told } = await deal();
    const [flash, lea] = [new Peer("flash"), new Peer("lea")];
    const room = new Room();
    dealer.begin(room.session());
    room.add(flash, lea);
    dealer.joined(flash.member);
    dealer.left("flash");
    dealer.joined(lea.member);
    await vi.waitFor(() => {
      expect(lea.opened).toEqual([0]);
    }, deadline);
    expect(flash.opened).toEqual([]);
    expect([...told.keys()]).toEqual([0]);
  });

  test("who leaves and comes back is welcomed anew, and hears of the secret that their leave made", async () => {
    const { dealer } = await deal();
    const [first, second] = [new Peer("lea"), new Peer("lea")];
    const room = new Room();
    dealer.begin(room.session([], [first]));
    await vi.waitFor(() => {
      expect(first.opened).toEqual([0]);
    }, deadline);
    dealer.left("lea");
    room.add(second);
    dealer.joined(second.member);
    await vi.waitFor(() => {
      expect(second.opened).toEqual([0, 1]);
    }, deadline);
    expect(first.opened).toEqual([0]);
  });

  test("joins while a rekey is under way end with the fresh secret, whichever comes first", async () => {
    const { dealer, told } = await deal();
    const early = new Peer("early");
    const room = new Room();
    dealer.begin(room.session([], [early, new Peer("leaver")]));
    await vi.waitFor(() => {
      expect(early.opened).toEqual([0]);
    }, deadline);
    dealer.left("leaver");
    const crowd = Array.from({ length: 60 }, (_, index) => new Peer(`l${index}`));
    room.add(...crowd);
    // Spread over 120 ms: some before the window closes, some while it is answered, some after.
    for (const peer of crowd) {
      dealer.joined(peer.member);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
    await vi.waitFor(() => {
      expect([early, ...crowd].map(({ secrets }) => secrets.get(1))).toEqual(
        [early, ...crowd].map(() => told.get(1)),
      );
    }, deadline);
    expect(crowd.flatMap(({ opened }) => opened).filter((what) => typeof what === "string")).toEqual([]);
  });
});

describe("trouble", () => {
  test("with the server is told", async () => {
    const { dealer, errors } = await deal();
    const room = new Room();
    const session = room.session();
    room.failing = new Error("too many requests");
    dealer.begin(session);
    dealer.joined(new Peer("lea").member);
    await vi.waitFor(() => {
      expect(errors).toEqual([room.failing]);
    }, deadline);
  });

  test("is not what closing makes of the work that is left", async () => {
    const { dealer, errors, told } = await deal();
    const room = new Room();
    const lea = new Peer("lea");
    dealer.begin(room.session([], [lea]));
    dealer.left("lea");
    dealer.joined(new Peer("leo").member);
    await Promise.all([dealer.close(), dealer.close()]);
    dealer.joined(new Peer("lou").member);
    dealer.left("leo");
    await dealer.close();
    expect(errors).toEqual([]);
    expect([...told.keys()]).toEqual([0]);
    expect(lea.opened).toEqual([]);
  });
});
