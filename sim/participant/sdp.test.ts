import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fingerprintOf, remoteAnswer } from "./sdp.ts";
import type { RemoteTransport } from "./target.ts";

const value = Array.from({ length: 32 }, () => "AB").join(":");

const transport: RemoteTransport = {
  transportId: "t",
  iceParameters: { usernameFragment: "ufrag", password: "password", iceLite: true },
  iceCandidates: [
    {
      foundation: "udpcandidate",
      priority: 1076302079,
      ip: "127.0.0.1",
      protocol: "udp",
      port: 40000,
      type: "host",
    },
    { foundation: "tcpcandidate", priority: 1, ip: "127.0.0.1", protocol: "tcp", port: 40001, type: "host" },
  ],
  dtlsParameters: {
    fingerprints: [
      { algorithm: "sha-1", value: "11:22" },
      { algorithm: "sha-256", value },
    ],
  },
};

describe("the server's answer as a description", () => {
  test("has its ICE parameters, its UDP candidates alone, and the SHA-256 fingerprint", () => {
    const lines = remoteAnswer(transport, "sendonly").split("\r\n");
    expect(lines).toContain("a=ice-ufrag:ufrag");
    expect(lines).toContain("a=ice-pwd:password");
    expect(lines).toContain("a=ice-lite");
    expect(lines).toContain("a=sendonly");
    expect(lines).toContain(`a=fingerprint:sha-256 ${value}`);
    expect(lines.filter((line) => line.startsWith("a=candidate:"))).toEqual([
      "a=candidate:udpcandidate 1 udp 1076302079 127.0.0.1 40000 typ host",
    ]);
  });

  test("ends every line by CRLF and has one media section", () => {
    const sdp = remoteAnswer(transport, "recvonly");
    expect(sdp.endsWith("\r\n")).toBe(true);
    expect(sdp.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
    expect(sdp.match(/^m=/gm)).toHaveLength(1);
  });

  test("does not claim ICE-lite for a server that is not", () => {
    const { usernameFragment, password } = transport.iceParameters;
    const full = { ...transport, iceParameters: { usernameFragment, password } };
    expect(remoteAnswer(full, "sendonly")).not.toContain("ice-lite");
  });

  test("is refused without a SHA-256 fingerprint", () => {
    const weak = {
      ...transport,
      dtlsParameters: { fingerprints: [{ algorithm: "sha-1" as const, value: "11" }] },
    };
    expect(() => remoteAnswer(weak, "sendonly")).toThrow(
      expect.objectContaining({ failure: "protocol", message: expect.stringContaining("SHA-256") }),
    );
  });
});

/** One parameter replaced by hostile text. */
const places: Record<string, (text: string) => RemoteTransport> = {
  usernameFragment: (text) => ({
    ...transport,
    iceParameters: { ...transport.iceParameters, usernameFragment: text },
  }),
  password: (text) => ({ ...transport, iceParameters: { ...transport.iceParameters, password: text } }),
  fingerprint: (text) => ({
    ...transport,
    dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: text }] },
  }),
  foundation: (text) => ({
    ...transport,
    iceCandidates: transport.iceCandidates.map((one) => ({ ...one, foundation: text })),
  }),
  ip: (text) => ({
    ...transport,
    iceCandidates: transport.iceCandidates.map((one) => ({ ...one, ip: text })),
  }),
};

describe.each(Object.entries(places))("a hostile %s", (_name, place) => {
  test.each(["x\r\na=candidate:1 1 udp 1 198.51.100.1 9 typ host", "x\ny", "x y", "x\u2028y", "", "x\u0000"])(
    "%j is refused, and puts no line of its own into the description",
    (text) => {
      expect(() => remoteAnswer(place(text), "sendonly")).toThrow(
        expect.objectContaining({ failure: "protocol" }),
      );
    },
  );

  test("of any text gives the same number of lines, or is refused", () => {
    const count = remoteAnswer(transport, "sendonly").split(/[\r\n]+/).length;
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        let sdp: string;
        try {
          sdp = remoteAnswer(place(text), "sendonly");
        } catch (error) {
          expect(error).toMatchObject({ failure: "protocol" });
          return;
        }
        expect(sdp.split(/[\r\n]+/)).toHaveLength(count);
      }),
    );
  });
});

describe("our own fingerprint", () => {
  test("is read from the offer", () => {
    expect(fingerprintOf(`v=0\r\na=fingerprint:SHA-256 ${value}\r\n`)).toBe(value);
  });

  test("that is missing is our own fault", () => {
    expect(() => fingerprintOf("v=0\r\n")).toThrow(expect.objectContaining({ failure: "harness" }));
  });
});
