import { describe, expect, test } from "vitest";
import { kidOf } from "../../e2ee/keys/kid.ts";
import { FrameKeys } from "./frame-keys.ts";

const frame = Uint8Array.of(1, 2, 3, 4);
const baseKey = (number: number): Uint8Array => new Uint8Array(16).fill(number);
const noFrames = { sealed: 0, opened: 0, refused: {} };

function speaking(kid: number, key: number, nowMs = { value: 0 }): FrameKeys {
  const keys = new FrameKeys(() => nowMs.value);
  keys.take({ type: "send-key", kid, baseKey: baseKey(key), afterMs: 1000 });
  return keys;
}

function listening(participantId: string, kid: number, key: number): FrameKeys {
  const keys = new FrameKeys(() => 0);
  keys.take({ type: "receive-key", participantId, kid, baseKey: baseKey(key) });
  return keys;
}

/** What comes out of a speaker's frame at a listener. */
function heard(listener: FrameKeys, speaker: FrameKeys): number[] | null {
  const opened = listener.open("ann", sealed(speaker));
  return opened === null ? null : [...opened];
}

/** A frame that must have been sealed. */
function sealed(keys: FrameKeys): Uint8Array {
  const message = keys.seal(frame);
  if (message === null) throw new Error("there is a key");
  return message;
}

describe("frames", () => {
  test("are opened by whoever has the speaker's key", () => {
    const speaker = speaking(kidOf(3, 1), 7);
    const listener = listening("ann", kidOf(3, 1), 7);
    expect(heard(listener, speaker)).toEqual([...frame]);
    expect(speaker.counts.sealed).toBe(1);
    expect(listener.counts).toEqual({ ...noFrames, opened: 1 });
  });

  test("are neither sent nor played without a key", () => {
    const keys = new FrameKeys(() => 0);
    expect(keys.seal(frame)).toBeNull();
    expect(keys.open("ann", sealed(speaking(kidOf(0, 1), 1)))).toBeNull();
    expect(keys.counts).toEqual({ ...noFrames, refused: { "no-key": 1, "unknown-key": 1 } });
  });

  test("are not played where they were never sealed", () => {
    const listener = listening("ann", kidOf(3, 1), 7);
    expect(listener.open("ann", frame)).toBeNull();
    expect(listener.counts.opened).toBe(0);
  });

  test("are not played on the stream of another speaker: the server cannot put words into a mouth", () => {
    const listener = listening("ann", kidOf(0, 1), 1);
    listener.take({ type: "receive-key", participantId: "ben", kid: kidOf(0, 2), baseKey: baseKey(2) });
    expect(listener.open("ben", sealed(speaking(kidOf(0, 1), 1)))).toBeNull();
    expect(listener.counts.refused).toEqual({ "unknown-key": 1 });
  });

  test("are played once", () => {
    const listener = listening("ann", kidOf(0, 1), 1);
    const message = sealed(speaking(kidOf(0, 1), 1));
    listener.open("ann", message);
    expect(listener.open("ann", message)).toBeNull();
    expect(listener.counts.refused).toEqual({ replay: 1 });
  });
});

describe("a newer key", () => {
  test("is spoken under only once the others have it", () => {
    const nowMs = { value: 0 };
    const speaker = speaking(kidOf(0, 1), 1, nowMs);
    const listener = listening("ann", kidOf(1, 1), 2);
    speaker.take({ type: "send-key", kid: kidOf(1, 1), baseKey: baseKey(2), afterMs: 1000 });
    nowMs.value = 999;
    expect(listener.open("ann", sealed(speaker))).toBeNull();
    nowMs.value = 1000;
    expect(heard(listener, speaker)).toEqual([...frame]);
  });

  test("outlives an older generation, which is dropped", () => {
    const listener = listening("ann", kidOf(0, 1), 1);
    listener.take({ type: "receive-key", participantId: "ann", kid: kidOf(1, 1), baseKey: baseKey(2) });
    listener.take({ type: "drop-generation", generation: 0 });
    expect(listener.open("ann", sealed(speaking(kidOf(0, 1), 1)))).toBeNull();
    expect(heard(listener, speaking(kidOf(1, 1), 2))).toEqual([...frame]);
  });

  test("of a new seat is spoken under at once", () => {
    const speaker = speaking(kidOf(0, 1), 1);
    speaker.take({ type: "no-send-key" });
    expect(speaker.seal(frame)).toBeNull();
    speaker.take({ type: "send-key", kid: kidOf(0, 2), baseKey: baseKey(2), afterMs: 1000 });
    expect(heard(listening("ann", kidOf(0, 2), 2), speaker)).toEqual([...frame]);
  });
});
