import type { types } from "mediasoup";
import { z } from "zod";
import type { WireRtpCapabilities, WireRtpParameters } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";

/**
 * RTP parameters from outside, parsed into just those fields that an Opus stream has.
 * mediasoup's own checks are not enough: a value that its serializer refuses half-way
 * (a fractional maxBitrate) leaves a worker's channel unusable for every room.
 */
const midUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
const audioLevelUri = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const captureTimeUri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
const transportCcUri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/** Header extensions that travel from a publisher to receivers. */
const passedThrough = [midUri, audioLevelUri, captureTimeUri] as const;
/** Those that a publisher may send: transport-cc ends at the server, and works only for who lists it. */
const fromPublishers = [...passedThrough, transportCcUri] as const;

export const routerCodecs: types.RouterRtpCodecCapability[] = [
  {
    kind: "audio",
    mimeType: "audio/opus",
    clockRate: 48_000,
    channels: 2,
    preferredPayloadType: 111,
    // RFC 7587 section 6.1: a client that takes the offer sends nothing in silence, and each frame's echo with the next.
    parameters: { usedtx: 1, useinbandfec: 1 },
  },
];

const uint32 = z.number().int().min(0).max(0xffff_ffff);
const int32 = z.number().int().min(-0x8000_0000).max(0x7fff_ffff);
const shortText = z.string().max(80);

const codecSchema = z.object({
  mimeType: shortText,
  payloadType: z.number().int().min(0).max(127),
  clockRate: uint32,
  channels: z.number().int().min(1).max(255).default(1),
  parameters: z
    .record(shortText, z.union([shortText, int32]))
    .refine((parameters) => Object.keys(parameters).length <= 16, "expected at most 16 parameters")
    .default({}),
  rtcpFeedback: z
    .array(z.object({ type: shortText.min(1), parameter: shortText.default("") }))
    .max(8)
    .default([]),
});

const publishedSchema = z.object({
  mid: z.string().min(1).max(8).exactOptional(),
  codecs: z.array(codecSchema).length(1),
  headerExtensions: z.array(z.object({ uri: z.string(), id: z.number().int().min(1).max(14) })).default([]),
  encodings: z
    .array(z.object({ ssrc: uint32.min(1).exactOptional(), dtx: z.boolean().default(false) }))
    .max(1)
    .default([]),
  rtcp: z.object({ cname: z.string().min(1).exactOptional() }).default({}),
});

/** What a publisher says of its stream, fit for mediasoup; throws RequestError `bad-media`. */
export function parsePublishedParameters(wire: WireRtpParameters): types.RtpParameters {
  const parsed = publishedSchema.safeParse(wire);
  if (!parsed.success) {
    throw new RequestError("bad-media", `the RTP parameters do not fit: ${z.prettifyError(parsed.error)}`);
  }
  const headerExtensions = parsed.data.headerExtensions.flatMap(({ uri, id }) => {
    const known = fromPublishers.find((candidate) => candidate === uri);
    return known === undefined ? [] : [{ uri: known, id }];
  });
  return { ...parsed.data, headerExtensions };
}

/**
 * What the room offers its participants: a router's capabilities without what is meant for video
 * and without feedback (`nack`, `transport-cc`), which costs the server and which few clients serve.
 */
export function offeredCapabilities(router: types.RtpCapabilities): types.RtpCapabilities {
  return {
    codecs: (router.codecs ?? []).map((codec) => ({ ...codec, rtcpFeedback: [] })),
    headerExtensions: (router.headerExtensions ?? []).filter(
      ({ kind, uri }) => kind === "audio" && passedThrough.some((candidate) => candidate === uri),
    ),
  };
}

const receiverCodecSchema = z.object({
  mimeType: z.string(),
  clockRate: z.number(),
  channels: z.number().optional(),
});

/** The offer cut down to what a receiver says it can do; throws RequestError `bad-media` if no codec is left. */
export function negotiateCapabilities(
  offer: types.RtpCapabilities,
  receiver: WireRtpCapabilities,
): types.RtpCapabilities {
  const understood = (receiver.codecs ?? []).flatMap(
    (codec) => receiverCodecSchema.safeParse(codec).data ?? [],
  );
  const codecs = (offer.codecs ?? []).filter((codec) =>
    understood.some(
      ({ mimeType, clockRate, channels }) =>
        mimeType.toLowerCase() === codec.mimeType.toLowerCase() &&
        clockRate === codec.clockRate &&
        (channels ?? 1) === (codec.channels ?? 1),
    ),
  );
  if (codecs.length === 0)
    throw new RequestError("bad-media", "no codec in common: the room speaks audio/opus, 48000/2");
  return {
    codecs,
    headerExtensions: (offer.headerExtensions ?? []).filter(({ uri }) =>
      (receiver.headerExtensions ?? []).some((extension) => extension.uri === uri),
    ),
  };
}
