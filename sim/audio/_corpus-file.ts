import { createHash } from "node:crypto";
import { corpusOfClips, corpusSettings, framesOfClips, opusFrame } from "./_corpus-build.ts";
import type { Corpus, OpusFrame } from "./corpus.ts";

/*
 * A corpus as a file: SHA-256 of the settings it was built by, SHA-256 of all
 * that follows, then the frames in order, each its length (16 bits, big-endian),
 * its level (8 bits) and its payload. Which clip a frame is of, the settings say.
 */
const hashBytes = 32;
const headerBytes = 2 * hashBytes;
const frameHeaderBytes = 3;

function sha256(data: Uint8Array | string): Buffer {
  return createHash("sha256").update(data).digest();
}

function settingsHash(bitrateBps: number): Buffer {
  return sha256(JSON.stringify({ ...corpusSettings, bitrateBps }));
}

function clipsOf({ voices, roomTone }: Corpus): readonly (readonly OpusFrame[])[] {
  return [...voices.flatMap((voice) => voice.utterances), roomTone.frames];
}

export function encodeCorpus(corpus: Corpus): Buffer {
  const parts: Uint8Array[] = [];
  for (const { payload, levelDbov } of clipsOf(corpus).flat()) {
    const head = Buffer.alloc(frameHeaderBytes);
    head.writeUInt16BE(payload.length, 0);
    head.writeUInt8(levelDbov, 2);
    parts.push(head, payload);
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([settingsHash(corpus.bitrateBps), sha256(body), body]);
}

/** Undefined when the bytes are damaged or were built by other settings. */
export function decodeCorpus(bytes: Buffer, bitrateBps: number): Corpus | undefined {
  if (bytes.length < headerBytes || !bytes.subarray(0, hashBytes).equals(settingsHash(bitrateBps)))
    return undefined;
  const body = bytes.subarray(headerBytes);
  if (!bytes.subarray(hashBytes, headerBytes).equals(sha256(body))) return undefined;
  const frames = framesIn(body);
  if (frames === undefined) return undefined;
  let at = 0;
  const clips = framesOfClips.map((count) => frames.slice(at, (at += count)));
  return corpusOfClips(clips, bitrateBps);
}

function framesIn(body: Buffer): OpusFrame[] | undefined {
  const frames: OpusFrame[] = [];
  let at = 0;
  while (at < body.length) {
    if (at + frameHeaderBytes > body.length) return undefined;
    const end = at + frameHeaderBytes + body.readUInt16BE(at);
    if (end > body.length) return undefined;
    frames.push(opusFrame(body.subarray(at + frameHeaderBytes, end), body.readUInt8(at + 2)));
    at = end;
  }
  return frames;
}
