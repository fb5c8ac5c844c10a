import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { opusParameters } from "./_test-client.ts";
import { RequestError } from "./errors.ts";
import { negotiateCapabilities, offeredCapabilities, parsePublishedParameters } from "./media-parameters.ts";

const opus = {
  kind: "audio" as const,
  mimeType: "audio/opus",
  clockRate: 48_000,
  channels: 2,
  preferredPayloadType: 111,
};
const midUri = "urn:ietf:params:rtp-hdrext:sdes:mid";
const transportCcUri = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const router = {
  codecs: [{ ...opus, rtcpFeedback: [{ type: "nack" }, { type: "transport-cc" }] }],
  headerExtensions: [
    { kind: "audio" as const, uri: midUri, preferredId: 1 } as const,
    { kind: "video" as const, uri: midUri, preferredId: 1 } as const,
    { kind: "audio" as const, uri: transportCcUri, preferredId: 5 } as const,
  ],
};

describe("a publisher's RTP parameters", () => {
  test("of an Opus stream are taken as they are", () => {
    expect(parsePublishedParameters(opusParameters(5))).toEqual({
      ...opusParameters(5),
      codecs: [{ ...opusParameters(5).codecs[0], rtcpFeedback: [] }],
    });
  });

  test("keep feedback that the publisher lists, and have none otherwise", () => {
    const wire = opusParameters(5);
    const listed = {
      ...wire,
      codecs: wire.codecs.map((codec) => ({ ...codec, rtcpFeedback: [{ type: "nack" }] })),
    };
    expect(parsePublishedParameters(listed).codecs[0]?.rtcpFeedback).toEqual([
      { type: "nack", parameter: "" },
    ]);
    expect(parsePublishedParameters(wire).codecs[0]?.rtcpFeedback).toEqual([]);
  });

  test("lose header extensions that nobody here knows", () => {
    const wire = { ...opusParameters(5), headerExtensions: [{ uri: "urn:unknown", id: 3 }] };
    expect(parsePublishedParameters(wire).headerExtensions).toEqual([]);
  });

  test("lose what mediasoup's serializer would choke on", () => {
    const wire = { ...opusParameters(5), encodings: [{ ssrc: 5, maxBitrate: 1.5, rid: { a: 1 } }] };
    expect(parsePublishedParameters(wire).encodings).toEqual([{ ssrc: 5, dtx: false }]);
  });

  test("of any shape are parsed or refused as bad-media, nothing else", () => {
    const anyValue = fc.jsonValue();
    const wire = fc.record({
      mid: fc.string({ maxLength: 16 }),
      codecs: fc.array(
        fc.record({
          mimeType: fc.string(),
          payloadType: fc.integer(),
          parameters: anyValue,
          clockRate: anyValue,
        }),
      ),
      headerExtensions: fc.array(fc.record({ uri: fc.string(), id: fc.integer() })),
      encodings: fc.array(fc.record({ ssrc: fc.integer(), maxBitrate: anyValue })),
      rtcp: fc.record({ cname: fc.string() }),
    });
    fc.assert(
      fc.property(wire, (parameters) => {
        try {
          parsePublishedParameters(parameters);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          expect(error).toMatchObject({ code: "bad-media" });
        }
      }),
    );
  });
});

describe("what the room offers", () => {
  test("has no feedback, no video, and only the extensions that pass through", () => {
    expect(offeredCapabilities(router)).toEqual({
      codecs: [{ ...opus, rtcpFeedback: [] }],
      headerExtensions: [{ kind: "audio", uri: midUri, preferredId: 1 }],
    });
  });

  test("is cut down to what a receiver understands", () => {
    const offer = offeredCapabilities(router);
    expect(
      negotiateCapabilities(offer, { codecs: [{ ...opus, mimeType: "AUDIO/OPUS" }], headerExtensions: [] }),
    ).toEqual({
      codecs: offer.codecs,
      headerExtensions: [],
    });
  });

  test("fits nobody who lacks Opus in stereo at 48 kHz", () => {
    for (const codec of [
      { ...opus, channels: 1 },
      { ...opus, mimeType: "audio/PCMU" },
      { mimeType: "audio/opus" },
    ]) {
      expect(() => negotiateCapabilities(offeredCapabilities(router), { codecs: [codec] })).toThrow(
        /no codec in common/,
      );
    }
  });
});
