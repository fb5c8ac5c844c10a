/** The payload type that our speakers propose for Opus; dynamic (RFC 7587 section 6.1). */
export const opusPayloadType = 111;

/** The RTP header extensions (RFC 8285) that our speakers send: URI, and the id that they propose. */
export const audioExtensions = {
  /** RFC 9143 section 15.2. */
  mid: { uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 1 },
  /** RFC 6464. */
  audioLevel: { uri: "urn:ietf:params:rtp-hdrext:ssrc-audio-level", id: 6 },
  absCaptureTime: { uri: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time", id: 10 },
} as const;

const fixedHeaderBytes = 12;
// The first octet (RFC 3550 section 5.1): version 2, padding, extension.
const versionBits = 0x80;
const paddingBit = 0x20;
const extensionBit = 0x10;
/** The profile of a block of one-byte elements (RFC 8285 section 4.2). */
const oneByteProfile = 0xbede;
/** The upper twelve bits of the profile of a block of two-byte elements (RFC 8285 section 4.3). */
const twoByteProfile = 0x100;

export type RtpStream = {
  /** By default {@link opusPayloadType}. */
  readonly payloadType?: number;
  readonly ssrc: number;
  /** 1 to 16 bytes of ASCII. */
  readonly mid: string;
};

export type RtpFrame = {
  /** First packet of a talkspurt (RFC 3551 section 4.1). */
  readonly marker: boolean;
  /** Taken modulo 2^16. */
  readonly sequence: number;
  /** Taken modulo 2^32. */
  readonly timestamp: number;
  /** RFC 6464: the level is -audioLevelDbov dBov; 0 is the loudest, 127 silence. */
  readonly audioLevelDbov: number;
  /** RFC 6464's V bit; by default, whether there is any level at all. */
  readonly voiceActive?: boolean;
  /** NTP time of the frame's first sample, as in abs-capture-time. */
  readonly captureTime: { readonly seconds: number; readonly fraction: number };
  readonly payload: Uint8Array;
};

/**
 * Writes the RTP packets (RFC 3550) of one stream, with the one-byte header
 * extensions mid, audio level and abs-capture-time (its short form). What does
 * not change is written once, into a template.
 */
export class RtpPacketizer {
  readonly #template: Buffer;
  readonly #levelOffset: number;
  readonly #captureOffset: number;

  /** Throws a RangeError where a field does not fit. */
  constructor({ payloadType = opusPayloadType, ssrc, mid }: RtpStream) {
    if (!Number.isInteger(payloadType) || payloadType < 0 || payloadType > 127) {
      throw new RangeError(`RtpPacketizer: payload type ${payloadType} is not in 0 to 127`);
    }
    const midBytes = Buffer.from(mid, "ascii");
    if (midBytes.length < 1 || midBytes.length > 16) {
      throw new RangeError("RtpPacketizer: mid must be 1 to 16 bytes");
    }
    // A one-byte element is id and length less one, then data: so mid, audio level (1 byte), capture time (8).
    const elementsBytes = 1 + midBytes.length + 2 + 9;
    const words = Math.ceil(elementsBytes / 4);
    const template = Buffer.alloc(fixedHeaderBytes + 4 + 4 * words);
    template.writeUInt8(versionBits | extensionBit, 0);
    template.writeUInt8(payloadType, 1);
    template.writeUInt32BE(ssrc >>> 0, 8);
    template.writeUInt16BE(oneByteProfile, 12);
    template.writeUInt16BE(words, 14);
    let at = 16;
    template.writeUInt8((audioExtensions.mid.id << 4) | (midBytes.length - 1), at++);
    at += midBytes.copy(template, at);
    template.writeUInt8(audioExtensions.audioLevel.id << 4, at++);
    this.#levelOffset = at++;
    template.writeUInt8((audioExtensions.absCaptureTime.id << 4) | 7, at++);
    this.#captureOffset = at;
    this.#template = template;
  }

  /** Bytes before the payload. */
  get headerBytes(): number {
    return this.#template.length;
  }

  /** A packet of its own; the payload is copied. */
  packetize(frame: RtpFrame): Buffer {
    const headerBytes = this.#template.length;
    const packet = Buffer.allocUnsafe(headerBytes + frame.payload.length);
    packet.set(this.#template);
    if (frame.marker) packet.writeUInt8(packet.readUInt8(1) | 0x80, 1);
    packet.writeUInt16BE(frame.sequence & 0xffff, 2);
    packet.writeUInt32BE(frame.timestamp >>> 0, 4);
    const level = Math.min(127, Math.max(0, Math.round(frame.audioLevelDbov)));
    const voiceActive = frame.voiceActive ?? level < 127;
    packet.writeUInt8((voiceActive ? 0x80 : 0) | level, this.#levelOffset);
    packet.writeUInt32BE(frame.captureTime.seconds >>> 0, this.#captureOffset);
    packet.writeUInt32BE(frame.captureTime.fraction >>> 0, this.#captureOffset + 4);
    packet.set(frame.payload, headerBytes);
    return packet;
  }
}

/** The negotiated ids of the extensions to look for; null: not negotiated. */
export type RtpViewOptions = {
  readonly captureTimeId: number | null;
  readonly audioLevelId: number | null;
};

/**
 * Whether a packet of a multiplexed flow is RTCP: its packet types 192 to 223
 * stand where RTP would have payload types 64 to 95 (RFC 5761 section 4).
 */
export function isRtcp(packet: Buffer): boolean {
  if (packet.length < 2) return false;
  const payloadType = packet.readUInt8(1) & 0x7f;
  return payloadType >= 64 && payloadType <= 95;
}

/**
 * Reads RTP packets (RFC 3550, extensions by RFC 8285), one after the other
 * into the same fields, so that a hot path allocates nothing. The fields hold
 * what the last successful {@link parse} found.
 */
export class RtpView {
  payloadType = 0;
  marker = false;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** Whether abs-capture-time was there; if not, captureSeconds and captureFraction are 0. */
  hasCaptureTime = false;
  captureSeconds = 0;
  captureFraction = 0;
  /** RFC 6464: 0 is the loudest, 127 silence; null when it was not there. */
  audioLevelDbov: number | null = null;
  voiceActive = false;
  /** The payload is `packet.subarray(payloadStart, payloadEnd)`, without padding. */
  payloadStart = 0;
  payloadEnd = 0;

  // No element has id 0 (RFC 8285: padding), so that 0 stands for an extension that is not looked for.
  readonly #captureTimeId: number;
  readonly #audioLevelId: number;

  constructor({ captureTimeId, audioLevelId }: RtpViewOptions) {
    this.#captureTimeId = captureTimeId ?? 0;
    this.#audioLevelId = audioLevelId ?? 0;
  }

  /** False on whatever is no well-formed RTP packet; the fields are then without meaning. Never throws. */
  parse(packet: Buffer): boolean {
    const length = packet.length;
    if (length < fixedHeaderBytes) return false;
    const first = packet.readUInt8(0);
    if (first >> 6 !== 2) return false;
    const second = packet.readUInt8(1);
    this.marker = second >= 0x80;
    this.payloadType = second & 0x7f;
    this.sequence = packet.readUInt16BE(2);
    this.timestamp = packet.readUInt32BE(4);
    this.ssrc = packet.readUInt32BE(8);
    this.hasCaptureTime = false;
    this.captureSeconds = 0;
    this.captureFraction = 0;
    this.audioLevelDbov = null;
    this.voiceActive = false;

    // The lower four bits count the CSRCs, of four bytes each.
    let at = fixedHeaderBytes + 4 * (first & 0x0f);
    if (first & extensionBit) {
      if (at + 4 > length) return false;
      const profile = packet.readUInt16BE(at);
      const elementsStart = at + 4;
      at = elementsStart + 4 * packet.readUInt16BE(at + 2);
      if (at > length) return false;
      if (profile === oneByteProfile) {
        if (!this.#parseOneByteElements(packet, elementsStart, at)) return false;
      } else if (profile >> 4 === twoByteProfile) {
        if (!this.#parseTwoByteElements(packet, elementsStart, at)) return false;
      }
    }
    if (at > length) return false;
    this.payloadStart = at;
    this.payloadEnd = length;
    if (first & paddingBit) {
      const paddingBytes = packet.readUInt8(length - 1);
      if (paddingBytes === 0 || at + paddingBytes > length) return false;
      this.payloadEnd -= paddingBytes;
    }
    return true;
  }

  #parseOneByteElements(packet: Buffer, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      const head = packet.readUInt8(at++);
      if (head === 0) continue;
      const id = head >> 4;
      // RFC 8285 section 4.2: an element with id 15 ends it. So does padding that claims a length, as in libwebrtc.
      if (id === 15 || id === 0) return true;
      const dataEnd = at + (head & 0x0f) + 1;
      if (dataEnd > end) return false;
      this.#take(packet, id, at, dataEnd);
      at = dataEnd;
    }
    return true;
  }

  #parseTwoByteElements(packet: Buffer, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      const id = packet.readUInt8(at++);
      if (id === 0) continue;
      if (at === end) return false;
      const dataEnd = at + 1 + packet.readUInt8(at);
      if (dataEnd > end) return false;
      this.#take(packet, id, at + 1, dataEnd);
      at = dataEnd;
    }
    return true;
  }

  #take(packet: Buffer, id: number, start: number, end: number): void {
    const bytes = end - start;
    if (id === this.#captureTimeId) {
      // 16 bytes: the estimated offset of the capturing clock follows.
      if (bytes !== 8 && bytes !== 16) return;
      this.hasCaptureTime = true;
      this.captureSeconds = packet.readUInt32BE(start);
      this.captureFraction = packet.readUInt32BE(start + 4);
    } else if (id === this.#audioLevelId && bytes === 1) {
      const octet = packet.readUInt8(start);
      this.voiceActive = octet >= 0x80;
      this.audioLevelDbov = octet & 0x7f;
    }
  }
}
