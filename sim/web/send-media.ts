import type { Device, Producer, Transport } from "mediasoup-client/types";
import type { IceServer } from "../protocol/signalling.ts";
import { ClientError } from "./errors.ts";
import type { FrameGuard } from "./frame-guard.ts";
import type { Ask } from "./signalling.ts";
import { connectBy, settle, transportOptions } from "./transport-options.ts";

/** What we say: the microphone, a transport and one stream. The microphone is not opened before the first unmuting. */
export class SendMedia {
  readonly #device: Device;
  readonly #ask: Ask;
  readonly #guard: FrameGuard;
  readonly #iceServers: IceServer[] | undefined;
  readonly #onMicrophoneLost: () => void;
  #track: MediaStreamTrack | undefined;
  #transport: Transport | undefined;
  #producer: Producer | undefined;
  /** The server's name for the stream; it outlasts the media. */
  #streamId: string | undefined;
  /** Told to the server with the next publication. */
  #resumed: string | undefined;
  #muted = false;

  constructor(options: {
    device: Device;
    ask: Ask;
    guard: FrameGuard;
    iceServers: IceServer[] | undefined;
    onMicrophoneLost(): void;
  }) {
    this.#device = options.device;
    this.#ask = options.ask;
    this.#guard = options.guard;
    this.#iceServers = options.iceServers;
    this.#onMicrophoneLost = options.onMicrophoneLost;
  }

  get transport(): Transport | undefined {
    return this.#transport;
  }

  get streamId(): string | undefined {
    return this.#streamId;
  }

  /** Opens microphone and stream where they are not. Rejects with a ClientError, `microphone` among them. */
  async unmute(): Promise<void> {
    if (this.#producer === undefined || this.#streamId === undefined) {
      this.#muted = false;
      this.#track ??= await this.#openMicrophone();
      await this.#publish();
      return;
    }
    await this.#ask("setMuted", { streamId: this.#streamId, muted: false });
    this.#muted = false;
    this.#producer.resume();
  }

  async mute(): Promise<void> {
    this.pause();
    if (this.#streamId !== undefined) await this.#ask("setMuted", { streamId: this.#streamId, muted: true });
  }

  /** Silent at once, whatever the server says. */
  pause(): void {
    this.#muted = true;
    this.#producer?.pause();
  }

  /** After the server has lost the transport: the same stream, under the same keys and counters. */
  async restart(): Promise<void> {
    if (this.#track === undefined) return;
    this.#resumed = this.#streamId;
    this.#dropTransport();
    await this.#publish();
  }

  /** After the server has lost the stream as well. */
  async publishAnew(): Promise<void> {
    this.#streamId = undefined;
    await this.restart();
  }

  async getStats(): Promise<RTCStatsReport | undefined> {
    return this.#producer === undefined ? undefined : this.#transport?.getStats();
  }

  /** Lets go of stream and microphone; `unmute` begins anew. */
  stop(): void {
    this.#dropTransport();
    this.#streamId = undefined;
    this.#track?.stop();
    this.#track = undefined;
  }

  async #openMicrophone(): Promise<MediaStreamTrack> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
      });
    } catch (cause) {
      throw new ClientError("microphone", microphoneProblem(cause), { cause });
    }
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new ClientError("microphone", "the microphone gives no sound");
    track.addEventListener("ended", () => {
      if (this.#track === track) this.#onMicrophoneLost();
    });
    return track;
  }

  async #publish(): Promise<void> {
    const track = this.#track;
    if (track === undefined) return;
    this.#transport ??= await this.#openTransport();
    this.#producer = await this.#transport.produce({
      track,
      // The track lives on when a transport is lost.
      stopTracks: false,
      zeroRtpOnPause: true,
      codecOptions: { opusStereo: false, opusFec: true, opusDtx: true },
      onRtpSender: (sender) => {
        this.#guard.protectSender(sender);
      },
    });
    if (this.#muted) this.#producer.pause();
  }

  async #openTransport(): Promise<Transport> {
    const parameters = await this.#ask("openTransport", { direction: "send" });
    const transport = this.#device.createSendTransport(transportOptions(parameters, this.#iceServers));
    connectBy(transport, this.#ask);
    transport.on("produce", ({ rtpParameters }, done, failed) => {
      const resumed = this.#resumed;
      this.#resumed = undefined;
      const asked = this.#ask("publish", {
        transportId: transport.id,
        // Its numbers and strings are the wire's; mediasoup-client's type says less.
        rtpParameters: JSON.parse(JSON.stringify(rtpParameters)),
        paused: this.#muted,
        ...(resumed === undefined ? {} : { streamId: resumed }),
      });
      const published = (answer: { streamId: string }): void => {
        this.#streamId = answer.streamId;
        done({ id: answer.streamId });
      };
      void settle(asked, published, failed);
    });
    return transport;
  }

  #dropTransport(): void {
    this.#producer?.close();
    this.#producer = undefined;
    this.#transport?.close();
    this.#transport = undefined;
  }
}

function microphoneProblem(cause: unknown): string {
  const name = cause instanceof Error ? cause.name : "";
  if (name === "NotAllowedError")
    return "the browser may not use the microphone: allow it in the address bar";
  if (name === "NotFoundError") return "there is no microphone";
  return "the microphone cannot be used: another program may hold it";
}
