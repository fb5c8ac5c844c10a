/** A room for tests: a server that brings messages, people on the stage, listeners, a clock of its own. */
import { monotonicMs } from "../../util/clock.ts";
import type { MonotonicMs } from "../../util/clock.ts";
import { deriveSFrameKey } from "../sframe/key.ts";
import type { SFrameKey } from "../sframe/key.ts";
import { SFrameReceiver } from "../sframe/receiver.ts";
import type { Decrypted } from "../sframe/receiver.ts";
import { SFrameSender } from "../sframe/sender.ts";
import { defaultActivationMs } from "./key-distributor.ts";
import type { SealedMessage } from "./key-distributor.ts";
import { KeyMember } from "./key-member.ts";
import type { Opened } from "./key-member.ts";
import { generationOfKid, kidOf, seatOfKid } from "./kid.ts";
import type { RoomSecret } from "./room-message.ts";
import { RoomSecrets } from "./room-secrets.ts";
import { speakerBaseKey } from "./speaker-key.ts";
import { StageKeys } from "./stage-keys.ts";
import type { StageEffects, StageMember, StageTask } from "./stage-keys.ts";

const suite = "AES_128_GCM_SHA256_128";
export const roomId = "room";

function keyFor(secret: Uint8Array, participantId: string, kid: number): SFrameKey {
  return deriveSFrameKey({
    suite,
    kid,
    baseKey: speakerBaseKey({ secret, participantId, kid, suite }),
  });
}

/** Somebody in the audience, with all that is needed to open frames. */
export class Listener {
  readonly id: string;
  readonly keys = new KeyMember();
  readonly secrets = new RoomSecrets();
  readonly opened: Opened[] = [];
  readonly received: Uint8Array[] = [];
  readonly #frames: SFrameReceiver;
  readonly #seats: () => ReadonlyMap<number, string>;
  #nowMs: MonotonicMs = monotonicMs(0);

  constructor(id: string, seats: () => ReadonlyMap<number, string>) {
    this.id = id;
    this.#seats = seats;
    this.keys.joined({ roomId, participantId: id });
    this.#frames = new SFrameReceiver({
      find: (kid) => this.#find(Number(kid)),
      found: (kid) => {
        this.secrets.follow(generationOfKid(Number(kid)), this.#nowMs);
      },
    });
  }

  get refused(): string[] {
    return this.opened.flatMap((opened) => (opened.kind === "refused" ? [opened.cause] : []));
  }

  receive(sealed: Uint8Array, nowMs: MonotonicMs): Opened {
    this.received.push(sealed);
    const opened = this.keys.open(sealed);
    this.opened.push(opened);
    if (opened.kind === "secret") {
      this.secrets.add(opened.generation, opened.secret, nowMs);
      if (opened.spoken !== null) {
        this.secrets.addEarlier(opened.spoken.generation, opened.spoken.secret, nowMs);
      }
    }
    return opened;
  }

  decrypt(frame: Uint8Array, nowMs: MonotonicMs): Decrypted {
    this.#nowMs = nowMs;
    return this.#frames.decrypt(frame);
  }

  #find(kid: number): SFrameKey | null {
    const participantId = this.#seats().get(seatOfKid(kid));
    const secret = this.secrets.peek(generationOfKid(kid), this.#nowMs);
    return participantId === undefined || secret === null ? null : keyFor(secret, participantId, kid);
  }
}

/** Somebody on the stage. */
export class Speaker {
  readonly id: string;
  readonly seat: number;
  readonly keys = new StageKeys();
  readonly secrets: (RoomSecret & { isStep: boolean })[] = [];
  status: StageEffects["status"] | undefined;
  readonly everDealtTo = new Set<string>();
  #sender: SFrameSender | undefined;
  #pending: { readonly secret: RoomSecret; readonly fromMs: number }[] = [];

  constructor(id: string, seat: number) {
    this.id = id;
    this.seat = seat;
  }

  take({ secrets, newlyDealtTo, status }: StageEffects, nowMs: MonotonicMs): void {
    this.status = status;
    for (const id of newlyDealtTo) this.everDealtTo.add(id);
    for (const secret of secrets) {
      this.secrets.push(secret);
      const isFirst = this.#sender === undefined && this.#pending.length === 0;
      const fromMs = isFirst || secret.isStep ? nowMs : nowMs + defaultActivationMs;
      this.#pending.push({ secret, fromMs });
    }
  }

  /** A frame under what is spoken under now; null before there is a key. */
  speak(nowMs: MonotonicMs): Uint8Array | null {
    const due = this.#pending.filter(({ fromMs }) => nowMs >= fromMs);
    this.#pending = this.#pending.filter(({ fromMs }) => nowMs < fromMs);
    let newest = this.#sender === undefined ? -1 : generationOfKid(Number(this.#sender.kid));
    for (const { secret } of due) {
      if (secret.generation <= newest) continue;
      newest = secret.generation;
      const kid = kidOf(newest, this.seat);
      this.#sender = new SFrameSender(keyFor(secret.secret, this.id, kid));
    }
    return this.#sender?.encrypt(Uint8Array.of(1, 2, 3)) ?? null;
  }

  get generation(): number {
    return this.#sender === undefined ? -1 : generationOfKid(Number(this.#sender.kid));
  }
}

export type Carried = { readonly from: string; readonly to: string; readonly sealed: Uint8Array };

export class Room {
  nowMs: MonotonicMs = monotonicMs(1000);
  readonly speakers = new Map<string, Speaker>();
  readonly listeners = new Map<string, Listener>();
  readonly carried: Carried[] = [];
  /** What the server makes of a message: itself, others, or nothing. */
  meddle: (message: Carried) => readonly Carried[] = (message) => [message];
  host: string | undefined;
  readonly rekeyWindowMs: number;
  readonly latencyMs: number;
  #onTheWay: { readonly atMs: number; readonly message: Carried }[] = [];
  #nextSeat = 0;
  readonly #seats = new Map<number, string>();

  /** `latencyMs`: of each message by way of the server; default 0. */
  constructor(options: { rekeyWindowMs?: number; latencyMs?: number } = {}) {
    this.rekeyWindowMs = options.rekeyWindowMs ?? 5000;
    this.latencyMs = options.latencyMs ?? 0;
  }

  get seats(): ReadonlyMap<number, string> {
    return this.#seats;
  }

  get dealer(): Speaker | undefined {
    return [...this.speakers.values()].find(({ status }) => status?.isDealer === true);
  }

  listener(id: string): Listener {
    const listener = this.listeners.get(id);
    if (listener === undefined) throw new Error(`no listener ${id}`);
    return listener;
  }

  speaker(id: string): Speaker {
    const speaker = this.speakers.get(id);
    if (speaker === undefined) throw new Error(`no speaker ${id}`);
    return speaker;
  }

  memberOf(someone: Speaker | Listener): StageMember {
    return {
      participantId: someone.id,
      seat: someone instanceof Speaker ? someone.seat : null,
      isHost: someone.id === this.host,
      publicKey: someone.keys.publicKey,
    };
  }

  async addSpeaker(id: string): Promise<Speaker> {
    const speaker = new Speaker(id, this.#nextSeat++);
    this.#seats.set(speaker.seat, id);
    const others = [...this.speakers.values(), ...this.listeners.values()].map((one) => this.memberOf(one));
    for (const { keys } of this.listeners.values()) keys.trust.stageMember(id, speaker.seat);
    this.speakers.set(id, speaker);
    await this.tellStage({ kind: "here", member: this.memberOf(speaker) }, id);
    const effects = await speaker.keys.begin(
      {
        roomId,
        rekeyWindowMs: this.rekeyWindowMs,
        self: { ...this.memberOf(speaker), seat: speaker.seat },
        others,
        unknownGeneration: 256 * 1000 + this.#nextSeat * 256,
      },
      this.nowMs,
    );
    await this.apply(speaker, effects);
    return speaker;
  }

  async addListener(id: string): Promise<Listener> {
    const listener = new Listener(id, () => this.#seats);
    for (const { id: on, seat } of this.speakers.values()) listener.keys.trust.stageMember(on, seat);
    this.listeners.set(id, listener);
    await this.tellStage({ kind: "here", member: this.memberOf(listener) });
    return listener;
  }

  async remove(id: string): Promise<void> {
    const wasOnStage = this.speakers.delete(id);
    this.listeners.delete(id);
    if (wasOnStage) for (const { keys } of this.listeners.values()) keys.trust.stageMemberLeft(id);
    await this.tellStage({ kind: "left", participantId: id });
  }

  /** The server's word to all on the stage, but one. */
  async tellStage(task: StageTask, except?: string): Promise<void> {
    for (const speaker of [...this.speakers.values()]) {
      if (speaker.id !== except && speaker.status !== undefined) await this.perform(speaker, task);
    }
  }

  async perform(speaker: Speaker, task: StageTask): Promise<void> {
    await this.apply(speaker, await speaker.keys.perform(task, this.nowMs));
  }

  async apply(speaker: Speaker, effects: StageEffects): Promise<void> {
    speaker.take(effects, this.nowMs);
    for (const message of effects.messages) await this.carry(speaker.id, message);
  }

  async carry(from: string, { to, sealed }: SealedMessage): Promise<void> {
    const message = { from, to, sealed };
    this.carried.push(message);
    for (const delivered of this.meddle(message)) {
      if (this.latencyMs === 0) await this.deliver(delivered);
      else this.#onTheWay.push({ atMs: this.nowMs + this.latencyMs, message: delivered });
    }
  }

  async deliver({ from, to, sealed }: Carried): Promise<void> {
    this.listeners.get(to)?.receive(sealed, this.nowMs);
    const speaker = this.speakers.get(to);
    if (speaker !== undefined) await this.perform(speaker, { kind: "sealed", from, sealed });
  }

  /** Lets time go by, in steps of 5 ms. */
  async pass(ms: number, each?: () => void): Promise<void> {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs = monotonicMs(Math.min(this.nowMs + 5, endMs));
      const arrived = this.#onTheWay.filter(({ atMs }) => atMs <= this.nowMs);
      this.#onTheWay = this.#onTheWay.filter(({ atMs }) => atMs > this.nowMs);
      for (const { message } of arrived) await this.deliver(message);
      for (const speaker of this.speakers.values()) {
        const dueAt = speaker.status?.dueAt ?? null;
        if (dueAt !== null && dueAt <= this.nowMs) await this.perform(speaker, { kind: "due" });
      }
      each?.();
    }
  }
}
