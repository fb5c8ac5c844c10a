import { MediaConnection } from "./media-connection.ts";
import type { RemoteTransport } from "./target.ts";

type SpeakerMediaOptions = {
  name: string;
  ssrc: number;
  /** Local address of the media socket; undefined: any. */
  bindAddress: string | undefined;
  /** Was connected and is no more. */
  onLost(message: string): void;
};

/** A speaker's sending connection, and those that follow it when the system under test loses it. */
export class SpeakerMedia {
  readonly #options: SpeakerMediaOptions;
  #connection: MediaConnection;
  #lost = false;
  #closed = false;

  private constructor(options: SpeakerMediaOptions, connection: MediaConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  static async create(options: SpeakerMediaOptions): Promise<SpeakerMedia> {
    return new SpeakerMedia(options, await connectionOf(options));
  }

  /** False from a loss until there is a stream again. */
  get canSend(): boolean {
    return !this.#lost;
  }

  get fingerprint(): string {
    return this.#connection.fingerprint;
  }

  get peer(): MediaConnection["peer"] {
    return this.#connection.peer;
  }

  /** Rejects with a SessionError. */
  connect(remote: RemoteTransport, signal: AbortSignal): Promise<void> {
    return this.#connection.connect(remote, signal);
  }

  /** Without a connection a packet goes nowhere. */
  send(packet: Buffer): void {
    const { track } = this.#connection;
    if (track.isOpen()) track.sendMessageBinary(packet);
  }

  /** The system has lost it: nothing is sent until `resume`. */
  lose(): void {
    this.#lost = true;
  }

  /** Drops the connection and has another ready to connect. */
  async reopen(): Promise<void> {
    this.#connection.close();
    this.#connection = await connectionOf(this.#options);
    if (this.#closed) this.#connection.close();
  }

  /** There is a stream again. */
  resume(): void {
    this.#lost = false;
  }

  close(): void {
    this.#closed = true;
    this.#connection.close();
  }
}

function connectionOf({ name, ssrc, bindAddress, onLost }: SpeakerMediaOptions): Promise<MediaConnection> {
  return MediaConnection.create({
    name,
    direction: "send",
    ssrc,
    bindAddress,
    onPacket: () => undefined,
    onLost,
  });
}
