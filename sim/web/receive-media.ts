import type { Consumer, Device, Transport } from "mediasoup-client/types";
import type { IceServer, StreamDescription, TransportParameters } from "../protocol/signalling.ts";
import type { FrameGuard } from "./frame-guard.ts";
import type { Sounds } from "./sounds.ts";
import type { Ask } from "./signalling.ts";
import { connectBy, transportOptions } from "./transport-options.ts";

type Heard = { readonly consumer: Consumer; readonly sound: HTMLAudioElement };

/** All that is heard: one transport, and for each stream a consumer and an element that plays it. */
export class ReceiveMedia {
  readonly #device: Device;
  readonly #ask: Ask;
  readonly #guard: FrameGuard;
  readonly #sounds: Sounds;
  readonly #iceServers: IceServer[] | undefined;
  readonly #heard = new Map<string, Heard>();
  /** Announced and not yet removed; a consumer may still be in the making. */
  readonly #wanted = new Set<string>();
  #transport: Transport | undefined;
  #closed = false;

  constructor(options: {
    device: Device;
    ask: Ask;
    guard: FrameGuard;
    sounds: Sounds;
    iceServers: IceServer[] | undefined;
  }) {
    this.#device = options.device;
    this.#ask = options.ask;
    this.#guard = options.guard;
    this.#sounds = options.sounds;
    this.#iceServers = options.iceServers;
  }

  get transport(): Transport | undefined {
    return this.#transport;
  }

  /** Opens a transport, an earlier one apart, and subscribes. Answers with the streams that are there. */
  async open(): Promise<StreamDescription[]> {
    this.#drop();
    const parameters = await this.#ask("openTransport", { direction: "receive" });
    this.#transport = this.#make(parameters);
    const { streams } = await this.#ask("subscribe", {
      transportId: parameters.transportId,
      rtpCapabilities: this.#device.recvRtpCapabilities,
    });
    await Promise.all(streams.map((stream) => this.add(stream)));
    return streams;
  }

  async add({ streamId, participantId, consumerId, rtpParameters }: StreamDescription): Promise<void> {
    const transport = this.#transport;
    if (transport === undefined || this.#wanted.has(consumerId)) return;
    this.#wanted.add(consumerId);
    const consumer = await transport.consume({
      id: consumerId,
      producerId: streamId,
      kind: "audio",
      rtpParameters: rtpParameters as Consumer["rtpParameters"],
      // One stream a group: streams of several speakers are not to wait for each other.
      streamId: consumerId,
      onRtpReceiver: (receiver) => {
        this.#guard.protectReceiver(receiver, participantId);
      },
    });
    if (!this.#wanted.has(consumerId) || this.#closed) {
      consumer.close();
      return;
    }
    const sound = new Audio();
    sound.srcObject = new MediaStream([consumer.track]);
    this.#heard.set(consumerId, { consumer, sound });
    this.#sounds.tracks.add(consumer.track);
    // Rejects where nobody has touched the page yet, or the element goes before it plays.
    await sound.play().catch(() => undefined);
  }

  remove(consumerId: string): void {
    this.#wanted.delete(consumerId);
    const heard = this.#heard.get(consumerId);
    this.#heard.delete(consumerId);
    if (heard === undefined) return;
    heard.sound.srcObject = null;
    this.#sounds.tracks.delete(heard.consumer.track);
    heard.consumer.close();
  }

  /** After a resumption: these streams are there and no others. */
  async reconcile(streams: readonly StreamDescription[]): Promise<void> {
    const there = new Set(streams.map(({ consumerId }) => consumerId));
    for (const consumerId of [...this.#wanted]) if (!there.has(consumerId)) this.remove(consumerId);
    await Promise.all(streams.map((stream) => this.add(stream)));
  }

  async getStats(): Promise<RTCStatsReport | undefined> {
    return this.#heard.size === 0 ? undefined : this.#transport?.getStats();
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #make(parameters: TransportParameters): Transport {
    const transport = this.#device.createRecvTransport(transportOptions(parameters, this.#iceServers));
    connectBy(transport, this.#ask);
    transport.on("connectionstatechange", (state) => {
      if (state === "connected") this.#sounds.connected(performance.timeOrigin + performance.now());
    });
    return transport;
  }

  #drop(): void {
    for (const consumerId of [...this.#wanted]) this.remove(consumerId);
    this.#transport?.close();
    this.#transport = undefined;
  }
}
