import { SessionError } from "./errors.ts";
import { opusPayloadType } from "../audio/rtp.ts";
import type { RemoteTransport } from "./target.ts";

/** The SHA-256 fingerprint in a description, colon-separated hex. */
export function fingerprintOf(sdp: string): string {
  const found = /a=fingerprint:sha-256 (\S+)/i.exec(sdp)?.[1];
  if (found === undefined) throw new SessionError("harness", "our own offer has no SHA-256 fingerprint");
  return found;
}

/** SDP lines carry what the server sent: nothing in it may break the line. */
function word(text: string): string {
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new SessionError("protocol", "a transport parameter with white space in it");
  return text;
}

/**
 * The server's answer to our offer of one audio section (JSEP, RFC 9429), made
 * of its transport parameters: ICE-lite, DTLS passive, Opus only. With one
 * section alone, node-datachannel delivers every SSRC to its track, announced or not.
 */
export function remoteAnswer(remote: RemoteTransport, direction: "sendonly" | "recvonly"): string {
  const fingerprint = remote.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === "sha-256");
  if (fingerprint === undefined)
    throw new SessionError("protocol", "the server offers no SHA-256 fingerprint");
  const candidates = remote.iceCandidates
    .filter(({ protocol }) => protocol === "udp")
    .map(
      ({ foundation, priority, ip, port }) =>
        `a=candidate:${word(foundation)} 1 udp ${priority} ${word(ip)} ${port} typ host`,
    );
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    ...(remote.iceParameters.iceLite === true ? ["a=ice-lite"] : []),
    "a=group:BUNDLE 0",
    "a=msid-semantic:WMS *",
    `a=ice-ufrag:${word(remote.iceParameters.usernameFragment)}`,
    `a=ice-pwd:${word(remote.iceParameters.password)}`,
    `a=fingerprint:sha-256 ${word(fingerprint.value)}`,
    "a=setup:passive",
    `m=audio 9 UDP/TLS/RTP/SAVPF ${opusPayloadType}`,
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=${direction}`,
    "a=rtcp-mux",
    `a=rtpmap:${opusPayloadType} opus/48000/2`,
    ...candidates,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}
