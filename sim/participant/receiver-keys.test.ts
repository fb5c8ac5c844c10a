import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { KeyDistributor } from "../e2ee/keys/key-distributor.ts";
import { kidOf, stepsPerEpoch } from "../e2ee/keys/kid.ts";
import { oldGenerationLifetimeMs } from "../e2ee/keys/room-secrets.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import type { Member } from "../protocol/signalling.ts";
import { monotonicMs, type Clock } from "../util/clock.ts";
import type { StreamKey } from "./listener-engine.ts";
import { ReceiverKeys } from "./receiver-keys.ts";
import { SecretReceiver } from "./secret-receiver.ts";

const suite = "AES_128_GCM_SHA256_128";
const clock: Clock = { now: () => monotonicMs(performance.now()) };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function onStage(participantId: string, seat: number | null): Member {
  return { participantId, name: participantId, role: "speaker", seat, publicKey: null };
}

/** A listener `lea` and the distributor of its room. */
function setUp() {
  const distributor = new KeyDistributor({ roomId: "room" });
  const keys: StreamKey[] = [];
  const expired: number[] = [];
  const receiver = new ReceiverKeys({
    suite,
    clock,
    onKey: (key) => {
      keys.push(key);
    },
    onExpired: (generation) => {
      expired.push(generation);
    },
  });
  const welcome = (): Uint8Array => {
    const outcome = distributor.welcome({ participantId: "lea", publicKey: receiver.publicKey });
    if (outcome.kind !== "sealed") throw new Error("refused");
    return outcome.sealed;
  };
  const rekey = (): Uint8Array => distributor.rekey().messages[0]?.sealed ?? new Uint8Array(0);
  return { distributor, receiver, keys, expired, welcome, rekey };
}

describe("a listener's keys", () => {
  test("are one for each speaker once the room's secret is there", () => {
    const { distributor, receiver, keys, welcome } = setUp();
    receiver.stageMember(onStage("ada", 0));
    receiver.joined("room", "lea");
    receiver.open(welcome());
    receiver.stageMember(onStage("bob", 4));
    const { secret } = distributor.current;
    expect(keys).toEqual(
      [["ada", 0] as const, ["bob", 4] as const].map(([participantId, seat]) => {
        const kid = kidOf(0, seat);
        return { participantId, kid, baseKey: speakerBaseKey({ secret, participantId, kid, suite }) };
      }),
    );
  });

  test("are given once for each speaker, and none for the audience", () => {
    const { receiver, keys, welcome } = setUp();
    receiver.joined("room", "lea");
    receiver.open(welcome());
    receiver.stageMember(onStage("ada", 0));
    receiver.stageMember(onStage("ada", 0));
    receiver.stageMember(onStage("lou", null));
    expect(keys).toHaveLength(1);
  });

  test("follow somebody who leaves the stage for the audience and comes back to another seat", () => {
    const { receiver, keys, welcome } = setUp();
    receiver.joined("room", "lea");
    receiver.open(welcome());
    receiver.stageMember(onStage("ada", 0));
    receiver.stageMemberChanged({ ...onStage("ada", 0), role: "moderator" });
    receiver.stageMemberChanged(onStage("ada", null));
    receiver.stageMemberChanged(onStage("ada", 3));
    expect(keys.map(({ kid }) => kid)).toEqual([kidOf(0, 0), kidOf(0, 3)]);
  });

  test("come for the speakers of that moment with each fresh secret, not for those who left", () => {
    const { receiver, keys, welcome, rekey } = setUp();
    receiver.joined("room", "lea");
    receiver.stageMember(onStage("ada", 0));
    receiver.stageMember(onStage("bob", 1));
    receiver.open(welcome());
    receiver.stageMemberLeft("bob");
    receiver.open(rekey());
    expect(keys.map(({ kid }) => kid)).toEqual([kidOf(0, 0), kidOf(0, 1), kidOf(stepsPerEpoch, 0)]);
  });

  test("of a generation expire some time after the next came, the newest never", () => {
    const { receiver, expired, welcome, rekey } = setUp();
    receiver.joined("room", "lea");
    receiver.stageMember(onStage("ada", 0));
    receiver.open(welcome());
    vi.advanceTimersByTime(60_000);
    expect(expired).toEqual([]);
    receiver.open(rekey());
    vi.advanceTimersByTime(3000);
    receiver.open(rekey());
    vi.advanceTimersByTime(oldGenerationLifetimeMs - 3000 - 1);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(expired).toEqual([0]);
    vi.advanceTimersByTime(60_000);
    expect(expired).toEqual([0, stepsPerEpoch]);
  });

  test("for a speaker who comes after a rekey are those of the secrets still held", () => {
    const { receiver, keys, welcome, rekey } = setUp();
    receiver.joined("room", "lea");
    receiver.open(welcome());
    receiver.open(rekey());
    receiver.stageMember(onStage("ada", 2));
    expect(keys.map(({ kid }) => kid)).toEqual([kidOf(0, 2), kidOf(stepsPerEpoch, 2)]);
    vi.advanceTimersByTime(oldGenerationLifetimeMs + 1);
    receiver.stageMember(onStage("bob", 3));
    expect(keys.map(({ kid }) => kid).slice(2)).toEqual([kidOf(stepsPerEpoch, 3)]);
  });

  test("do not come of garbled, foreign or repeated messages", () => {
    const { receiver, keys, welcome } = setUp();
    receiver.joined("room", "lea");
    receiver.stageMember(onStage("ada", 0));
    const sealed = welcome();
    const garbled = Uint8Array.from(sealed);
    garbled[40] = (garbled[40] ?? 0) ^ 1;
    for (const message of [garbled, setUp().welcome(), Uint8Array.of(), Uint8Array.of(9, 9)])
      receiver.open(message);
    expect(keys).toEqual([]);
    receiver.open(sealed);
    receiver.open(sealed);
    expect(keys).toHaveLength(1);
  });

  test("leave no timer behind when the listener goes", () => {
    const { receiver, expired, welcome, rekey } = setUp();
    receiver.joined("room", "lea");
    receiver.open(welcome());
    receiver.open(rekey());
    receiver.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(expired).toEqual([]);
  });
});

describe("a receiver of secrets", () => {
  test("keeps what comes before its own id is known, in order, and opens it then", () => {
    const distributor = new KeyDistributor({ roomId: "room" });
    const generations: number[] = [];
    const receiver = new SecretReceiver(({ generation }) => {
      generations.push(generation);
    });
    const outcome = distributor.welcome({ participantId: "lea", publicKey: receiver.publicKey });
    if (outcome.kind !== "sealed") throw new Error("refused");
    receiver.open(outcome.sealed);
    receiver.open(distributor.rekey().messages[0]?.sealed ?? new Uint8Array(0));
    expect(generations).toEqual([]);
    receiver.joined("room", "lea");
    expect(generations).toEqual([0, stepsPerEpoch]);
    expect(receiver.refused).toBe(0);
  });

  test("counts what it refuses, such as what was sealed to another", () => {
    const distributor = new KeyDistributor({ roomId: "room" });
    const receiver = new SecretReceiver(() => {
      throw new Error("no secret was for us");
    });
    receiver.joined("room", "lea");
    const outcome = distributor.welcome({ participantId: "leo", publicKey: receiver.publicKey });
    receiver.open(outcome.kind === "sealed" ? outcome.sealed : new Uint8Array(0));
    receiver.open(Uint8Array.of(1, 2, 3));
    expect(receiver.refused).toBe(2);
  });
});
