import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { audioExtensions, isRtcp, opusPayloadType, RtpPacketizer, RtpView, type RtpFrame } from "./rtp.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const frameArbitrary = fc.record({
  marker: fc.boolean(),
  sequence: fc.integer({ min: 0, max: 0xffff }),
  timestamp: uint32,
  audioLevelDbov: fc.integer({ min: 0, max: 127 }),
  voiceActive: fc.boolean(),
  captureTime: fc.record({ seconds: uint32, fraction: uint32 }),
  payload: fc.uint8Array({ maxLength: 300 }),
});
const midArbitrary = fc.stringMatching(/^[0-9a-z]{1,16}$/);
const frame: RtpFrame = {
  marker: true,
  sequence: 7,
  timestamp: 960,
  audioLevelDbov: 30,
  captureTime: { seconds: 0x01020304, fraction: 0x05060708 },
  payload: Uint8Array.of(0xaa, 0xbb),
};

function createView(): RtpView {
  return new RtpView({
    captureTimeId: audioExtensions.absCaptureTime.id,
    audioLevelId: audioExtensions.audioLevel.id,
  });
}

/** A packet of the given first octet's flags and CSRC count, with whatever follows the fixed header. */
function packetOf(flags: number, rest: readonly number[]): Buffer {
  return Buffer.from([0x80 | flags, opusPayloadType, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, ...rest]);
}
const capture = [1, 2, 3, 4, 5, 6, 7, 8];

describe("RtpPacketizer", () => {
  test("writes what RtpView reads", () => {
    fc.assert(
      fc.property(frameArbitrary, uint32, midArbitrary, (written, ssrc, mid) => {
        const packet = new RtpPacketizer({ ssrc, mid, payloadType: 96 }).packetize(written);
        const view = createView();
        expect(view.parse(packet)).toBe(true);
        expect(view).toMatchObject({
          payloadType: 96,
          ssrc,
          marker: written.marker,
          sequence: written.sequence,
          timestamp: written.timestamp,
          audioLevelDbov: written.audioLevelDbov,
          voiceActive: written.voiceActive,
          hasCaptureTime: true,
          captureSeconds: written.captureTime.seconds,
          captureFraction: written.captureTime.fraction,
        });
        expect(new Uint8Array(packet.subarray(view.payloadStart, view.payloadEnd))).toEqual(written.payload);
      }),
    );
  });

  test("writes one-byte extensions octet for octet as RFC 8285, RFC 6464 and abs-capture-time lay them out", () => {
    const packet = new RtpPacketizer({ ssrc: 0xdeadbeef, mid: "0" }).packetize(frame);
    expect(packet.toString("hex")).toBe(
      [
        "90ef0007",
        "000003c0",
        "deadbeef",
        "bede0004",
        "1030609e",
        "a7010203",
        "04050607",
        "08000000",
        "aabb",
      ].join(""),
    );
  });

  test("takes the voice to be active unless the level is 127", () => {
    const packetizer = new RtpPacketizer({ ssrc: 1, mid: "0" });
    const view = createView();
    view.parse(packetizer.packetize({ ...frame, audioLevelDbov: 127 }));
    expect(view.voiceActive).toBe(false);
    view.parse(packetizer.packetize(frame));
    expect(view.voiceActive).toBe(true);
  });

  test("wraps sequence numbers and timestamps, and clamps levels", () => {
    const view = createView();
    const packetizer = new RtpPacketizer({ ssrc: 1, mid: "0" });
    view.parse(
      packetizer.packetize({ ...frame, sequence: 65_537, timestamp: 2 ** 32 + 5, audioLevelDbov: 300 }),
    );
    expect(view).toMatchObject({ sequence: 1, timestamp: 5, audioLevelDbov: 127 });
  });

  test("gives each packet memory of its own and leaves the payload alone", () => {
    const packetizer = new RtpPacketizer({ ssrc: 1, mid: "0" });
    const first = packetizer.packetize(frame);
    const before = Buffer.from(first);
    packetizer.packetize({ ...frame, marker: false, sequence: 8 }).fill(0xff);
    expect(first).toEqual(before);
    expect(frame.payload).toEqual(Uint8Array.of(0xaa, 0xbb));
    expect(first.length).toBe(packetizer.headerBytes + 2);
  });

  test("refuses a mid or payload type that does not fit", () => {
    for (const mid of ["", "12345678901234567"]) {
      expect(() => new RtpPacketizer({ ssrc: 1, mid })).toThrow(RangeError);
    }
    expect(() => new RtpPacketizer({ ssrc: 1, mid: "0", payloadType: 128 })).toThrow(RangeError);
  });
});

describe("RtpView", () => {
  test("never throws, and on success finds the payload inside the packet", () => {
    const view = createView();
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .tuple(fc.constantFrom(0, 0x10, 0x20, 0x30, 0x1f, 0x3f), fc.uint8Array({ maxLength: 80 }))
        .map(([flags, rest]) => packetOf(flags, [...rest])),
      fc
        .tuple(
          fc.constantFrom([0xbe, 0xde], [0x10, 0x00], [0x10, 0x0f]),
          fc.integer({ min: 0, max: 8 }),
          fc.uint8Array(),
        )
        .map(([profile, words, rest]) => packetOf(0x30, [...profile, 0, words, ...rest])),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        const packet = Buffer.from(bytes);
        if (!view.parse(packet)) return;
        expect(view.payloadStart).toBeGreaterThanOrEqual(12);
        expect(view.payloadStart).toBeLessThanOrEqual(view.payloadEnd);
        expect(view.payloadEnd).toBeLessThanOrEqual(packet.length);
      }),
      { numRuns: 2000 },
    );
  });

  test("refuses or survives every truncation and every flipped bit of a good packet", () => {
    const good = new RtpPacketizer({ ssrc: 9, mid: "0" }).packetize(frame);
    const view = createView();
    for (let length = 0; length < good.length - frame.payload.length; length++) {
      expect(view.parse(good.subarray(0, length))).toBe(false);
    }
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bent = Buffer.from(good);
      bent.writeUInt8(bent.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (view.parse(bent)) expect(view.payloadEnd).toBeLessThanOrEqual(bent.length);
    }
  });

  test("reads a capture time of 16 bytes, as room servers send it on", () => {
    const view = createView();
    expect(
      view.parse(packetOf(0x10, [0xbe, 0xde, 0, 5, 0xaf, ...capture, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    ).toBe(true);
    expect(view).toMatchObject({
      hasCaptureTime: true,
      captureSeconds: 0x01020304,
      captureFraction: 0x05060708,
    });
  });

  test("reads two-byte extensions, with padding between them", () => {
    const view = createView();
    const elements = [0, 10, 8, ...capture, 0, 6, 1, 0x85, 0];
    expect(view.parse(packetOf(0x10, [0x10, 0x03, 0, 4, ...elements, 0xcc]))).toBe(true);
    expect(view).toMatchObject({
      hasCaptureTime: true,
      captureFraction: 0x05060708,
      audioLevelDbov: 5,
      voiceActive: true,
    });
    expect([view.payloadStart, view.payloadEnd]).toEqual([32, 33]);
  });

  test("goes past CSRCs and takes padding off", () => {
    const view = createView();
    expect(view.parse(packetOf(0x22, [0, 0, 0, 1, 0, 0, 0, 2, 0xcc, 0xdd, 0, 0, 3]))).toBe(true);
    expect([view.payloadStart, view.payloadEnd]).toEqual([20, 22]);
  });

  test("looks for negotiated ids only, and forgets what an earlier packet carried", () => {
    const packet = new RtpPacketizer({ ssrc: 1, mid: "0" }).packetize(frame);
    const other = new RtpView({ captureTimeId: null, audioLevelId: 4 });
    expect(other.parse(packet)).toBe(true);
    expect(other).toMatchObject({ hasCaptureTime: false, captureSeconds: 0, audioLevelDbov: null });

    const view = createView();
    view.parse(packet);
    view.parse(packetOf(0, [1]));
    expect(view).toMatchObject({
      hasCaptureTime: false,
      captureSeconds: 0,
      audioLevelDbov: null,
      voiceActive: false,
    });
  });

  test("ignores extensions of wrong length, of unknown profiles, and whatever follows id 15", () => {
    const view = createView();
    const ignored = [
      [0xbe, 0xde, 0, 2, 0xa3, 1, 2, 3, 4, 0, 0, 0],
      [0x12, 0x34, 0, 3, 0xa7, ...capture, 0, 0, 0],
      [0xbe, 0xde, 0, 3, 0xf0, 0xa7, ...capture, 0, 0],
    ];
    for (const extension of ignored) {
      expect(view.parse(packetOf(0x10, extension))).toBe(true);
      expect(view.hasCaptureTime).toBe(false);
    }
  });

  test("refuses other versions, elements past their block, blocks past the packet, and impossible padding", () => {
    const view = createView();
    const version1 = packetOf(0, [1]);
    version1.writeUInt8(0x40, 0);
    expect(view.parse(version1)).toBe(false);
    expect(view.parse(packetOf(0x10, [0xbe, 0xde, 0, 1, 0xa7, 1, 2, 3, 4, 5, 6, 7, 8]))).toBe(false);
    expect(view.parse(packetOf(0x10, [0x10, 0, 0, 1, 0, 0, 0, 10]))).toBe(false);
    expect(view.parse(packetOf(0x10, [0xbe, 0xde, 0, 9, 0]))).toBe(false);
    expect(view.parse(packetOf(0x10, [0xbe, 0xde]))).toBe(false);
    expect(view.parse(packetOf(0x20, [1, 0]))).toBe(false);
    expect(view.parse(packetOf(0x20, [1, 3]))).toBe(false);
    expect(view.parse(packetOf(0x03, [0, 0, 0, 1]))).toBe(false);
  });
});

describe("isRtcp", () => {
  test("tells sender and receiver reports, feedback and extended reports from Opus, with or without marker", () => {
    for (const packetType of [192, 200, 201, 205, 206, 207, 223]) {
      expect(isRtcp(Buffer.from([0x80, packetType]))).toBe(true);
    }
    for (const octet of [opusPayloadType, 0x80 | opusPayloadType, 0, 63, 96]) {
      expect(isRtcp(Buffer.from([0x80, octet]))).toBe(false);
    }
    expect(isRtcp(Buffer.from([0x80]))).toBe(false);
  });
});
