import { Device } from "mediasoup-client";
import type { Transport } from "mediasoup-client/types";
import type { EventBody, JoinAnswer, ResumeAnswer, StreamDescription } from "../protocol/signalling.ts";
import { ClientError } from "./errors.ts";
import type { FrameGuard } from "./frame-guard.ts";
import { ReceiveMedia } from "./receive-media.ts";
import { SendMedia } from "./send-media.ts";
import type { Ask } from "./signalling.ts";
import type { Sounds } from "./sounds.ts";
import { noStats, summarise, type MediaStats } from "./stats.ts";
import { restartIce } from "./transport-options.ts";

/** What the room's client needs of media; tests have one without a browser. */
export type RoomMedia = Pick<
  Media,
  | "begin"
  | "addStream"
  | "removeStream"
  | "restart"
  | "resumed"
  | "unmute"
  | "mute"
  | "pause"
  | "stopSending"
  | "stats"
  | "close"
>;

const restartAttempts = 20;
const restartPauseMs = 500;

export type MediaOptions = {
  ask: Ask;
  guard: FrameGuard;
  sounds: Sounds;
  onMicrophoneLost(): void;
  onError(error: unknown): void;
};

/** All media of one stay in a room, by mediasoup-client. */
export class Media {
  readonly #options: MediaOptions;
  #receive: ReceiveMedia | undefined;
  #send: SendMedia | undefined;
  /** One change after the other: a restart must not overtake what it follows. */
  #receiving: Promise<void> = Promise.resolve();
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: MediaOptions) {
    this.#options = options;
  }

  /** Once in the room: subscribes. Answers with the streams that are there. Rejects with a ClientError. */
  async begin(answer: Pick<JoinAnswer, "rtpCapabilities" | "iceServers">): Promise<StreamDescription[]> {
    const { ask, guard, sounds, onMicrophoneLost } = this.#options;
    const device = await loadDevice(answer.rtpCapabilities);
    if (this.#closed) return [];
    const shared = { device, ask, guard, iceServers: answer.iceServers };
    this.#receive = new ReceiveMedia({ ...shared, sounds });
    this.#send = new SendMedia({ ...shared, onMicrophoneLost });
    return this.#reopen();
  }

  addStream(stream: StreamDescription): void {
    this.#onReceive((receive) => receive.add(stream));
  }

  removeStream(consumerId: string): void {
    this.#receive?.remove(consumerId);
  }

  /** The server has lost a transport of ours. Answers with the streams that are there, when it was the receiving one. */
  async restart({ direction }: EventBody<"mediaRestart">): Promise<StreamDescription[] | undefined> {
    if (direction === "receive") return this.#persist(() => this.#reopen());
    await this.#persist(() => this.#onSend((send) => send.restart()));
    return undefined;
  }

  /** After the signalling connection was lost and is back: what the server still has goes on, the rest is made anew. */
  async resumed(answer: ResumeAnswer): Promise<StreamDescription[]> {
    const { ask, onError } = this.#options;
    const has = (transport: Transport | undefined): transport is Transport =>
      transport !== undefined && answer.transports.some(({ transportId }) => transportId === transport.id);
    const mend = (transport: Transport): void => {
      if (transport.connectionState === "connected" || transport.connectionState === "new") return;
      restartIce(transport, ask).catch(onError);
    };
    const send = this.#send;
    if (answer.seat === null) send?.stop();
    else if (send?.streamId !== undefined) {
      const { streamId } = send;
      if (!answer.published.some((stream) => stream.streamId === streamId)) {
        await this.#onSend((sending) => sending.publishAnew());
      } else if (has(send.transport)) mend(send.transport);
      else await this.#onSend((sending) => sending.restart());
    }
    const receive = this.#receive;
    if (receive === undefined || !has(receive.transport) || answer.streams === undefined)
      return this.#reopen();
    mend(receive.transport);
    await receive.reconcile(answer.streams);
    return answer.streams;
  }

  /** Rejects with a ClientError. */
  unmute(): Promise<void> {
    return this.#onSend((send) => send.unmute());
  }

  mute(): Promise<void> {
    return this.#onSend((send) => send.mute());
  }

  /** Another has muted us. */
  pause(): void {
    this.#send?.pause();
  }

  stopSending(): void {
    this.#send?.stop();
  }

  async stats(): Promise<MediaStats> {
    const reports = await Promise.all([this.#receive?.getStats(), this.#send?.getStats()]);
    const known = reports.filter((report) => report !== undefined);
    return known.length === 0 ? noStats : summarise(known.map((report) => report.values()));
  }

  close(): void {
    this.#closed = true;
    this.#receive?.close();
    this.#send?.stop();
  }

  /** A worker takes its time to come to life again; where the connection goes meanwhile, the resumption sees to it. */
  async #persist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const isOver = error instanceof ClientError && error.code === "disconnected";
        if (this.#closed || isOver || attempt === restartAttempts) throw error;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, restartPauseMs);
      });
    }
  }

  async #reopen(): Promise<StreamDescription[]> {
    const receive = this.#receive;
    if (receive === undefined) return [];
    const opened = this.#receiving.then(() => receive.open());
    this.#receiving = opened.then(
      () => undefined,
      () => undefined,
    );
    return opened;
  }

  #onReceive(work: (receive: ReceiveMedia) => Promise<void>): void {
    const receive = this.#receive;
    if (receive === undefined) return;
    this.#receiving = this.#receiving.then(() => work(receive)).catch(this.#options.onError);
  }

  #onSend(work: (send: SendMedia) => Promise<void>): Promise<void> {
    const send = this.#send;
    if (send === undefined)
      return Promise.reject(new ClientError("not-joined", "you are not in the room yet"));
    const done = this.#sending.then(() => work(send));
    this.#sending = done.catch(() => undefined);
    return done;
  }
}

async function loadDevice(rtpCapabilities: JoinAnswer["rtpCapabilities"]): Promise<Device> {
  try {
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: JSON.parse(JSON.stringify(rtpCapabilities)) });
    return device;
  } catch (cause) {
    throw new ClientError(
      "unsupported",
      "this browser cannot take part: it lacks WebRTC as the room needs it",
      {
        cause,
      },
    );
  }
}
