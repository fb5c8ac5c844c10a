import ndc, { type PeerConnection, type Track } from "node-datachannel";
import { SessionError } from "./errors.ts";
import { opusPayloadType } from "../audio/rtp.ts";
import { fingerprintOf, remoteAnswer } from "./sdp.ts";
import type { RemoteTransport } from "./target.ts";

export type MediaConnectionOptions = {
  /** Shows in node-datachannel's own log only. */
  name: string;
  direction: "send" | "receive";
  /** Given when sending. */
  ssrc?: number;
  /** Local address of the media socket; undefined: any. */
  bindAddress: string | undefined;
  /** Every RTP and RTCP packet that arrives, until close(). Set for good: node-datachannel cannot unset or replace it under traffic. */
  onPacket(packet: Buffer): void;
  /** Was connected and is no more, once; not called after close(). */
  onLost(message: string): void;
};

/** One WebRTC connection with one Opus section, by node-datachannel (ICE, DTLS, SRTP). */
export class MediaConnection {
  readonly fingerprint: string;
  readonly track: Track;
  readonly #connection: PeerConnection;
  readonly #direction: "send" | "receive";
  readonly #onLost: (message: string) => void;
  #iceConnected = false;
  #connected = false;
  #closed = false;
  #onlyPeer: { address: string; port: number } | undefined;
  #settle: ((error?: SessionError) => void) | undefined;

  private constructor(
    connection: PeerConnection,
    track: Track,
    fingerprint: string,
    options: MediaConnectionOptions,
  ) {
    this.#connection = connection;
    this.track = track;
    this.fingerprint = fingerprint;
    this.#direction = options.direction;
    this.#onLost = options.onLost;
    connection.onIceStateChange((state) => {
      if (state === "connected" || state === "completed") this.#iceConnected = true;
    });
    connection.onStateChange((state) => {
      this.#stateChanged(state);
    });
    // Not the connection's own "connected": until its track is open, node-datachannel drops what arrives.
    track.onOpen(() => {
      this.#connected = true;
      this.#settle?.();
    });
  }

  static async create(options: MediaConnectionOptions): Promise<MediaConnection> {
    const connection = new ndc.PeerConnection(options.name, {
      iceServers: [],
      disableAutoNegotiation: true,
      ...(options.bindAddress === undefined ? {} : { bindAddress: options.bindAddress }),
    });
    const audio = new ndc.Audio("0", options.direction === "send" ? "SendOnly" : "RecvOnly");
    audio.addOpusCodec(opusPayloadType);
    if (options.ssrc !== undefined) audio.addSSRC(options.ssrc, "soundcheck", "soundcheck", "audio");
    const track = connection.addTrack(audio);
    // Before anything can arrive: a late first handler flushes seconds of stale packets.
    let made: MediaConnection | undefined;
    track.onMessage((packet) => {
      if (made === undefined || !made.#closed) options.onPacket(packet);
    });
    const offer = await new Promise<string>((resolve) => {
      connection.onLocalDescription(resolve);
      connection.setLocalDescription("offer");
    });
    made = new MediaConnection(connection, track, fingerprintOf(offer), options);
    return made;
  }

  /** Resolves once ICE and DTLS are done and packets can come and go; rejects with a SessionError `ice` or `dtls` when they fail or the signal comes first. */
  connect(remote: RemoteTransport, signal: AbortSignal): Promise<void> {
    // An ICE-lite end with one candidate can be nowhere else; asking node-datachannel costs half a millisecond.
    const [only, ...others] = remote.iceCandidates.filter(({ protocol }) => protocol === "udp");
    if (remote.iceParameters.iceLite === true && only !== undefined && others.length === 0) {
      this.#onlyPeer = { address: only.ip, port: only.port };
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#settle?.(this.#failure("did not complete in time"));
      };
      this.#settle = (error) => {
        this.#settle = undefined;
        signal.removeEventListener("abort", abort);
        if (error === undefined) resolve();
        else reject(error);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener("abort", abort, { once: true });
      try {
        this.#connection.setRemoteDescription(
          remoteAnswer(remote, this.#direction === "send" ? "recvonly" : "sendonly"),
          "answer",
        );
      } catch (cause) {
        const refusal = new SessionError(
          "protocol",
          `the server's transport cannot be used: ${String(cause)}`,
          { cause },
        );
        this.#settle?.(cause instanceof SessionError ? cause : refusal);
      }
    });
  }

  /** The address that media really comes from or goes to, once connected. */
  get peer(): { address: string; port: number } | undefined {
    if (this.#onlyPeer !== undefined) return this.#onlyPeer;
    const remote = this.#connection.getSelectedCandidatePair()?.remote;
    return remote === undefined ? undefined : { address: remote.address, port: remote.port };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#settle?.(new SessionError("disconnected", "closed while connecting"));
    this.#connection.close();
  }

  #failure(what: string): SessionError {
    return this.#iceConnected
      ? new SessionError("dtls", `DTLS ${what}`)
      : new SessionError("ice", `ICE ${what}`);
  }

  #stateChanged(state: string): void {
    if (this.#closed) return;
    if (state === "failed" || state === "disconnected" || state === "closed") {
      this.#settle?.(this.#failure("failed"));
      if (this.#connected) {
        this.#connected = false;
        this.#onLost(`media connection ${state}`);
      }
    }
  }
}
