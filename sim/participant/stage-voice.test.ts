import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SourcedFrame } from "../audio/frame-source.ts";
import { audioExtensions, opusPayloadType, RtpView } from "../audio/rtp.ts";
import { generationOfKid, kidOf } from "../e2ee/keys/kid.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import { deriveSFrameKey } from "../e2ee/sframe/key.ts";
import { SFrameReceiver } from "../e2ee/sframe/receiver.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";
import { unixMsFromNtp } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import { StageVoice, type StageVoiceOptions } from "./stage-voice.ts";

const suite = "AES_128_GCM_SHA256_128";
const baseFrame = 5000;
const baseDueMs = 70_000.25;
const wallOffsetMs = 1_700_000_000_000;

/** `.` is silence, `!` the first frame of a talkspurt, `s` speech, `t` room tone; after the end silence. */
function sourceOf(script: string): { next(): SourcedFrame; taken: number } {
  return {
    taken: 0,
    next() {
      const letter = script[this.taken++] ?? ".";
      if (letter === ".") return { kind: "silence" };
      const levelDbov = letter === "t" ? 70 : 30;
      return {
        kind: "frame",
        payload: Uint8Array.of(this.taken & 0xff, 1, 2),
        levelDbov,
        marker: letter === "!",
      };
    },
  };
}

function voiceOf(
  source: StageVoiceOptions["source"],
  options: { suite?: typeof suite; canSend?: () => boolean } = {},
) {
  const packets: Buffer[] = [];
  const voice = new StageVoice({
    streamId: "stream",
    participantId: "ada",
    seat: 3,
    ssrc: 0xfeed,
    baseFrame,
    baseDueMs,
    source,
    suite: options.suite,
    wallOffsetMs,
    canSend: options.canSend ?? (() => true),
    send: (packet) => {
      packets.push(packet);
    },
    encryptCost: new Histogram(),
    overhead: new Histogram(),
  });
  return { voice, packets };
}

const view = new RtpView({
  captureTimeId: audioExtensions.absCaptureTime.id,
  audioLevelId: audioExtensions.audioLevel.id,
});

function parse(packet: Buffer) {
  expect(view.parse(packet)).toBe(true);
  const {
    marker,
    sequence,
    timestamp,
    ssrc,
    payloadType,
    audioLevelDbov,
    voiceActive,
    captureSeconds,
    captureFraction,
  } = view;
  return {
    marker,
    sequence,
    timestamp,
    ssrc,
    payloadType,
    audioLevelDbov,
    voiceActive,
    capturedAtMs: unixMsFromNtp(captureSeconds, captureFraction),
    payload: packet.subarray(view.payloadStart, view.payloadEnd),
  };
}

describe("a voice without media", () => {
  test("sends nothing, accounts for what it would have sent, and goes on where its counters were", () => {
    let canSend = true;
    const { voice, packets } = voiceOf(sourceOf("!sssss"), { canSend: () => canSend });
    voice.tick(baseFrame);
    voice.tick(baseFrame + 1);
    canSend = false;
    voice.tick(baseFrame + 2);
    voice.tick(baseFrame + 3);
    canSend = true;
    voice.tick(baseFrame + 4);
    voice.tick(baseFrame + 5);
    const sent = packets.map(parse);
    expect(sent.map(({ timestamp }) => timestamp / 960 - baseFrame)).toEqual([0, 1, 4, 5]);
    expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(voice).toMatchObject({ sent: 4, unsent: 2 });
    expect(voice.takeSent()).toMatchObject({
      frames: [baseFrame, baseFrame + 1, baseFrame + 4, baseFrame + 5],
      unsent: [baseFrame + 2, baseFrame + 3],
      throughFrame: baseFrame + 5,
    });
    expect(voice.takeSent()).toMatchObject({ frames: [], unsent: [] });
  });

  test("would have sent nothing in silence, and accounts for nothing then", () => {
    const { voice } = voiceOf(sourceOf("...."), { canSend: () => false });
    for (let frame = baseFrame; frame < baseFrame + 4; frame++) voice.tick(frame);
    expect(voice).toMatchObject({ sent: 0, unsent: 0 });
    expect(voice.takeSent()).toMatchObject({ frames: [], unsent: [] });
  });
});

describe("a voice's packets", () => {
  test("say which frame, captured when, how loud, and what begins a talkspurt", () => {
    const { voice, packets } = voiceOf(sourceOf("!s..!t"));
    for (let frame = baseFrame; frame < baseFrame + 6; frame++) voice.tick(frame);
    const sent = packets.map(parse);
    expect(sent.map(({ timestamp }) => timestamp / 960 - baseFrame)).toEqual([0, 1, 4, 5]);
    expect(sent.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    expect(sent.map(({ marker }) => marker)).toEqual([true, false, true, false]);
    expect(sent.map(({ audioLevelDbov }) => audioLevelDbov)).toEqual([30, 30, 30, 70]);
    expect(sent.map(({ voiceActive }) => voiceActive)).toEqual([true, true, true, false]);
    for (const { timestamp, ssrc, payloadType, capturedAtMs } of sent) {
      expect(ssrc).toBe(0xfeed);
      expect(payloadType).toBe(opusPayloadType);
      // 20 ms of frame and 6.5 ms of look-ahead before it was due on the wire.
      const dueMs = baseDueMs + (timestamp / 960 - baseFrame) * 20;
      expect(Math.abs(capturedAtMs - (dueMs - 26.5 + wallOffsetMs))).toBeLessThan(0.001);
    }
  });

  test("carry the frame as it is when nothing is encrypted", () => {
    const { voice, packets } = voiceOf(sourceOf("!"));
    voice.tick(baseFrame);
    expect([...(packets.map(parse)[0]?.payload ?? [])]).toEqual([1, 1, 2]);
    expect(voice.encrypted).toBe(0);
  });

  test("number on past 16 bits of sequence and 32 of timestamp", () => {
    const { voice, packets } = voiceOf(sourceOf("s".repeat(70_000)));
    const last = Math.floor(2 ** 32 / 960);
    for (let index = 0; index < 65_540; index++) voice.tick(last - 65_538 + index);
    const sent = packets.slice(-3).map(parse);
    expect(sent.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([
      (last - 1) * 960,
      last * 960,
      (last + 1) * 960 - 2 ** 32,
    ]);
  });

  test("are none when the speaker is muted, and the time that passed is accounted for", () => {
    const { voice, packets } = voiceOf(undefined);
    voice.tick(baseFrame);
    voice.tick(baseFrame + 1);
    expect(packets).toEqual([]);
    expect(voice.isSpeaking).toBe(false);
    expect(voice.takeSent()).toMatchObject({ throughFrame: baseFrame + 1, frames: [] });
  });
});

test("a voice speaks while there is speech, not in silence and not in room tone", () => {
  const { voice } = voiceOf(sourceOf("!st."));
  const speaking = [0, 1, 2, 3].map((index) => {
    voice.tick(baseFrame + index);
    return voice.isSpeaking;
  });
  expect(speaking).toEqual([true, true, false, false]);
});

describe("a voice that joins late", () => {
  test("begins with the first frame that is still due, never before the base frame", () => {
    const { voice } = voiceOf(undefined);
    expect(voice.firstFrameAfter(0)).toBe(baseFrame);
    expect(voice.firstFrameAfter(baseDueMs)).toBe(baseFrame);
    expect(voice.firstFrameAfter(baseDueMs + 0.1)).toBe(baseFrame + 1);
    expect(voice.firstFrameAfter(baseDueMs + 2000)).toBe(baseFrame + 100);
  });

  test("has missed what was said before, and owes no account of it", () => {
    const source = sourceOf("!ssss!");
    const { voice, packets } = voiceOf(source);
    voice.skipTo(baseFrame + 5);
    expect(source.taken).toBe(5);
    expect(voice.takeSent()).toMatchObject({ throughFrame: baseFrame + 4, frames: [] });
    voice.tick(baseFrame + 5);
    expect(packets.map(parse)).toMatchObject([{ marker: true, timestamp: (baseFrame + 5) * 960 }]);
  });
});

describe("a voice's keys", () => {
  const secretOf = (generation: number): Uint8Array => new Uint8Array(32).fill(generation + 1);
  const receiver = (): SFrameReceiver => {
    const found = new SFrameReceiver();
    for (const generation of [0, 1, 2, 3]) {
      const kid = kidOf(generation, 3);
      const baseKey = speakerBaseKey({ secret: secretOf(generation), participantId: "ada", kid, suite });
      found.addKey(deriveSFrameKey({ suite, kid, baseKey }));
    }
    return found;
  };
  /** By which generation each packet can be opened; null: it is not encrypted so. */
  const generations = (packets: readonly Buffer[]): (number | null)[] => {
    const opened = receiver();
    return packets.map((packet) => {
      const found = opened.decrypt(parse(packet).payload);
      return found.kind === "ok" ? generationOfKid(Number(found.kid)) : null;
    });
  };
  const dueMs = (index: number): number => baseDueMs + index * 20;

  test("the first is spoken under at once, a later one from its instant on and not a frame before", () => {
    const { voice, packets } = voiceOf(sourceOf("s".repeat(10)), { suite });
    voice.useSecret(0, secretOf(0), dueMs(5));
    voice.tick(baseFrame);
    voice.useSecret(1, secretOf(1), dueMs(4));
    for (let index = 1; index < 6; index++) voice.tick(baseFrame + index);
    expect(generations(packets)).toEqual([0, 0, 0, 0, 1, 1]);
    expect(voice.encrypted).toBe(6);
  });

  test("one that is not newer than the present one is never gone back to, and one between it and the next is spoken under until that one", () => {
    const { voice, packets } = voiceOf(sourceOf("s".repeat(10)), { suite });
    voice.useSecret(1, secretOf(1), 0);
    voice.useSecret(0, secretOf(0), 0);
    voice.tick(baseFrame);
    voice.useSecret(3, secretOf(3), dueMs(3));
    voice.useSecret(2, secretOf(2), dueMs(1));
    for (let index = 1; index < 5; index++) voice.tick(baseFrame + index);
    expect(generations(packets)).toEqual([1, 2, 2, 3, 3]);
  });

  test("count for nothing where nothing is encrypted", () => {
    const { voice, packets } = voiceOf(sourceOf("s"));
    voice.useSecret(0, secretOf(0), 0);
    voice.tick(baseFrame);
    expect(packets.map(parse)[0]?.payload.length).toBe(3);
  });
});

describe("a voice's account", () => {
  test("names every frame sent once, in order, however often it is taken", () => {
    const letters = fc.array(fc.constantFrom(".", "!", "s", "t"), { maxLength: 200 });
    fc.assert(
      fc.property(letters, fc.array(fc.nat(200), { maxLength: 20 }), (script, takenAfter) => {
        const { voice, packets } = voiceOf(sourceOf(script.join("")));
        const batches: SentBatch[] = [voice.takeSent()];
        script.forEach((_, index) => {
          voice.tick(baseFrame + index);
          for (const after of takenAfter) if (after === index) batches.push(voice.takeSent());
        });
        voice.end();
        batches.push(voice.takeSent());
        const sent = packets.map((packet) => parse(packet).timestamp / 960);
        expect(batches.flatMap(({ frames }) => frames)).toEqual(sent);
        let through = baseFrame - 1;
        for (const { frames, throughFrame, frameZeroDueMs, streamId } of batches) {
          // All that a batch names lies between its predecessor's end and its own.
          for (const frame of frames) expect(frame > through && frame <= throughFrame).toBe(true);
          expect(throughFrame).toBeGreaterThanOrEqual(through);
          expect([frameZeroDueMs, streamId]).toEqual([baseDueMs - baseFrame * 20, "stream"]);
          through = throughFrame;
        }
        expect(through).toBe(baseFrame + script.length - 1);
        expect(batches.map(({ ended }) => ended)).toEqual(
          batches.map((_, index) => index === batches.length - 1),
        );
        expect(voice.sent).toBe(sent.length);
        expect(voice.sentBytes).toBe(packets.reduce((sum, packet) => sum + packet.length, 0));
      }),
    );
  });
});
