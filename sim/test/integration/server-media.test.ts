import nodeDataChannel from "node-datachannel";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RequestBody, ResponseBody, Role, TransportParameters } from "../../protocol/signalling.ts";
import { opusParameters, startServer, TestClient } from "../../server/_test-client.ts";
import type { RoomServer } from "../../server/server.ts";

const ssrc = 5005;
const captureTimeId = 10;
const packetIntervalMs = 20;
const deadlineMs = 10_000;

let server: RoomServer;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

type PeerConnection = InstanceType<typeof nodeDataChannel.PeerConnection>;
type Track = ReturnType<PeerConnection["addTrack"]>;
type Peer = { connection: PeerConnection; track: Track; client: TestClient; joined: ResponseBody<"join"> };

/** mediasoup's transport as the answer to our own offer of one Opus m-line. */
function answerTo(transport: TransportParameters, direction: "sendonly" | "recvonly"): string {
  const fingerprint = transport.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === "sha-256");
  const candidates = transport.iceCandidates.map(
    ({ foundation, priority, ip, port }) =>
      `a=candidate:${foundation} 1 udp ${priority} ${ip} ${port} typ host`,
  );
  return [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    "a=group:BUNDLE 0",
    `a=ice-ufrag:${transport.iceParameters.usernameFragment}`,
    `a=ice-pwd:${transport.iceParameters.password}`,
    `a=fingerprint:sha-256 ${fingerprint?.value}`,
    "a=setup:passive",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=${direction}`,
    "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    ...candidates,
    "a=end-of-candidates",
    "",
  ].join("\r\n");
}

async function join(id: string, role: Role, direction: "send" | "receive"): Promise<Peer> {
  const connection = new nodeDataChannel.PeerConnection(id, {
    iceServers: [],
    bindAddress: "127.0.0.1",
    disableAutoNegotiation: true,
  });
  const audio = new nodeDataChannel.Audio("0", direction === "send" ? "SendOnly" : "RecvOnly");
  audio.addOpusCodec(111);
  if (direction === "send") audio.addSSRC(ssrc, "c", "m", "t");
  const track = connection.addTrack(audio);
  const connected = new Promise<void>((resolve, reject) => {
    connection.onStateChange((state) => {
      if (state === "connected") resolve();
      if (state === "failed") reject(new Error("the media connection failed"));
    });
  });
  const offer = await new Promise<string>((resolve) => {
    connection.onLocalDescription(resolve);
    connection.setLocalDescription("offer");
  });
  const value = /a=fingerprint:sha-256 (\S+)/i.exec(offer)?.[1] ?? "";
  const dtlsParameters: RequestBody<"join">["transport"] = {
    direction,
    dtlsParameters: { role: "client", fingerprints: [{ algorithm: "sha-256", value }] },
  };
  const { client, joined } = await TestClient.join(server, { id, role }, dtlsParameters);
  if (joined.transport === undefined) throw new Error("no transport");
  connection.setRemoteDescription(
    answerTo(joined.transport, direction === "send" ? "recvonly" : "sendonly"),
    "answer",
  );
  await connected;
  return { connection, track, client, joined };
}

/** An RTP packet with capture time (8 bytes), audio level and mid in one-byte header extensions (RFC 8285). */
function rtpPacket(sequence: number, captureTime: Buffer, payload: Buffer): Buffer {
  const header = Buffer.alloc(32);
  header[0] = 0x90;
  header[1] = 111;
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(sequence * 960, 4);
  header.writeUInt32BE(ssrc, 8);
  header.writeUInt16BE(0xbede, 12);
  header.writeUInt16BE(4, 14);
  header[16] = (captureTimeId << 4) | 7;
  captureTime.copy(header, 17);
  header.set([6 << 4, 0x80 | 20, 1 << 4, "0".charCodeAt(0)], 25);
  return Buffer.concat([header, payload]);
}

test(
  "a speaker's bytes and capture time reach a listener as they were sent",
  { timeout: 30_000 },
  async () => {
    const listener = await join("l", "listener", "receive");
    const speaker = await join("s", "speaker", "send");
    const transportId = speaker.joined.transport?.transportId ?? "";
    const heard = new Promise<Buffer>((resolve, reject) => {
      listener.track.onMessage((packet) => {
        // RTCP comes the same way; its packet types 192 to 223 read as 64 to 95 here.
        if (((packet[1] ?? 0) & 0x7f) === 111) resolve(packet);
      });
      setTimeout(() => {
        reject(new Error("nothing heard in time"));
      }, deadlineMs).unref();
    });
    await speaker.client.request("publish", { transportId, rtpParameters: opusParameters(ssrc) });
    const { stream } = await listener.client.event("streamAdded");
    const payload = Buffer.from("sealed bytes that the server cannot read");
    const captureTime = Buffer.from([0xee, 0, 1, 2, 3, 4, 5, 6]);
    let sequence = 1;
    const pace = setInterval(() => {
      speaker.track.sendMessageBinary(rtpPacket(sequence++, captureTime, payload));
    }, packetIntervalMs);
    try {
      const packet = await heard;
      expect(packet.readUInt32BE(8)).toBe(stream.rtpParameters.encodings?.[0]?.ssrc);
      expect(packet.subarray(-payload.length)).toEqual(payload);
      expect(packet.includes(captureTime)).toBe(true);
    } finally {
      clearInterval(pace);
    }
    for (const { client } of [listener, speaker]) {
      await client.event("transportState", ({ ice, dtls }) => ice !== "new" && dtls === "connected");
    }
    await speaker.client.request("leave", {});
    expect(await listener.client.event("streamRemoved")).toEqual({
      consumerId: stream.consumerId,
      streamId: stream.streamId,
    });
    speaker.connection.close();
    listener.connection.close();
  },
);
