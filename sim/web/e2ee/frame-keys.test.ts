import { describe, expect, test } from "vitest";
import { firstOfNextEpoch } from "../../e2ee/keys/kid.ts";
import { ratchetTo } from "../../e2ee/keys/ratchet.ts";
import { oldGenerationLifetimeMs } from "../../e2ee/keys/room-secrets.ts";
import { FrameKeys } from "./frame-keys.ts";

const frame = Uint8Array.of(1, 2, 3, 4);
const secretOf = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const noFrames = { sealed: 0, opened: 0, refused: {} };
const nextEpoch = firstOfNextEpoch(0);

/** Somebody's keys, with a clock that a test can set. */
class Someone extends FrameKeys {
  readonly clock: { nowMs: number };

  constructor() {
    const clock = { nowMs: 0 };
    super(() => clock.nowMs);
    this.clock = clock;
  }

  knows(generation: number, secret: Uint8Array, isStep = false): this {
    this.take({ type: "secret", generation, secret, isStep });
    return this;
  }

  sits(seat: number | null, participantId = "ann"): this {
    this.take({ type: "self", participantId, seat });
    return this;
  }

  sees(participantId: string, seat: number | null): this {
    this.take({ type: "seat", participantId, seat });
    return this;
  }
}

const speaker = (): Someone => new Someone().sits(1).knows(0, secretOf(7));
const listener = (): Someone => new Someone().sees("ann", 1).knows(0, secretOf(7));

/** A frame that must have been sealed. */
function sealed(keys: FrameKeys): Uint8Array {
  const message = keys.seal(frame);
  if (message === null) throw new Error("there is a key");
  return message;
}

/** Whether a frame comes out at a listener as it went in. */
function hears(who: FrameKeys, message: Uint8Array, participantId = "ann"): boolean {
  const opened = who.open(participantId, message);
  return opened !== null && Buffer.from(opened).equals(frame);
}

describe("frames", () => {
  test("are opened by whoever has the room's secret and knows the speaker's seat", () => {
    const [ann, ben] = [speaker(), listener()];
    expect(hears(ben, sealed(ann))).toBe(true);
    expect(ann.counts).toEqual({ ...noFrames, sealed: 1 });
    expect(ben.counts).toEqual({ ...noFrames, opened: 1 });
  });

  test("are neither sent nor played without the secret", () => {
    const keys = new Someone().sits(1).sees("ann", 1);
    expect(keys.seal(frame)).toBeNull();
    expect(keys.open("ann", sealed(speaker()))).toBeNull();
    expect(keys.counts).toEqual({ ...noFrames, refused: { "no-key": 1, "unknown-key": 1 } });
  });

  test("are not sent from the audience", () => {
    expect(speaker().sits(null).seal(frame)).toBeNull();
  });

  test("are not played where they were never sealed", () => {
    const ben = listener();
    expect(ben.open("ann", frame)).toBeNull();
    expect(ben.counts.opened).toBe(0);
  });

  test("are not played on the stream of another speaker: the server cannot put words into a mouth", () => {
    const ben = listener().sees("cleo", 2);
    expect(ben.open("cleo", sealed(speaker()))).toBeNull();
    expect(ben.counts.refused).toEqual({ "unknown-key": 1 });
  });

  test("are not played of a seat that has been left", () => {
    expect(hears(listener().sees("ann", null), sealed(speaker()))).toBe(false);
  });

  test("are played once", () => {
    const ben = listener();
    const message = sealed(speaker());
    expect([hears(ben, message), hears(ben, message)]).toEqual([true, false]);
    expect(ben.counts.refused).toEqual({ replay: 1 });
  });

  test("that are forged leave no key behind that could be asked for without end", () => {
    const ben = listener();
    const message = sealed(new Someone().sits(1).knows(200, secretOf(9)));
    expect([hears(ben, message), hears(ben, message)]).toEqual([false, false]);
    expect(ben.counts.refused).toEqual({ authentication: 2 });
    expect(hears(ben, sealed(speaker()))).toBe(true);
  });
});

describe("a newer secret", () => {
  test("is spoken under only once the others have it", () => {
    const ann = speaker();
    const ben = new Someone().sees("ann", 1).knows(nextEpoch, secretOf(8));
    ann.knows(nextEpoch, secretOf(8));
    ann.clock.nowMs = 999;
    expect(hears(ben, sealed(ann))).toBe(false);
    ann.clock.nowMs = 1000;
    expect(hears(ben, sealed(ann))).toBe(true);
  });

  test("that is a step of the present one is spoken under at once, and followed by whoever hears it", () => {
    const [ann, ben] = [speaker(), listener()];
    ann.knows(1, ratchetTo(1, 0, secretOf(7)), true);
    expect(hears(ben, sealed(ann))).toBe(true);
    // Ben has gone on to the step, and follows from there.
    ann.knows(2, ratchetTo(2, 0, secretOf(7)), true);
    expect(hears(ben, sealed(ann))).toBe(true);
  });

  test("leaves the older one for frames on their way, and then no longer", () => {
    const [ann, ben] = [speaker(), listener().knows(nextEpoch, secretOf(8))];
    const [early, late] = [sealed(ann), sealed(ann)];
    ben.clock.nowMs = oldGenerationLifetimeMs - 1;
    ben.expire();
    expect(hears(ben, early)).toBe(true);
    ben.clock.nowMs = oldGenerationLifetimeMs;
    ben.expire();
    expect(hears(ben, late)).toBe(false);
  });
});

describe("counters", () => {
  test("never come twice under a key, whatever becomes of our seat", () => {
    const ann = speaker();
    const messages = [sealed(ann), sealed(ann.sits(null).sits(1)), sealed(ann.sits(2).sits(1))];
    const ben = listener();
    expect(messages.map((message) => hears(ben, message))).toEqual([true, true, true]);
  });

  test("of another seat are those of another key", () => {
    const ann = speaker();
    sealed(ann);
    expect(hears(new Someone().sees("ann", 2).knows(0, secretOf(7)), sealed(ann.sits(2)))).toBe(true);
  });
});
