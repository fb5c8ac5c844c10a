import { RoomSecrets } from "../e2ee/keys/room-secrets.ts";
import { kidOf } from "../e2ee/keys/kid.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import type { Member } from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import type { StreamKey } from "./listener-engine.ts";
import { SecretReceiver } from "./secret-receiver.ts";

/** A listener's keys: one for each pairing of a generation of the room's secret and a speaker on the stage. */
export class ReceiverKeys {
  readonly #receiver: SecretReceiver;
  readonly #suite: CipherSuiteName;
  readonly #onKey: (key: StreamKey) => void;
  readonly #onExpired: (generation: number) => void;
  readonly #clock: Clock;
  readonly #secrets = new RoomSecrets();
  readonly #seats = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    suite: CipherSuiteName;
    onKey(key: StreamKey): void;
    /** The keys of a generation have served their time. */
    onExpired(generation: number): void;
    clock: Clock;
  }) {
    this.#suite = options.suite;
    this.#onKey = options.onKey;
    this.#onExpired = options.onExpired;
    this.#clock = options.clock;
    this.#receiver = new SecretReceiver((generation, secret) => {
      this.#secretArrived(generation, secret);
    });
  }

  get publicKey(): Uint8Array {
    return this.#receiver.publicKey;
  }

  joined(roomId: string, participantId: string): void {
    this.#receiver.joined(roomId, participantId);
  }

  open(sealed: Uint8Array): void {
    this.#receiver.open(sealed);
  }

  stageMember({ participantId, seat }: Member): void {
    if (seat === null || this.#seats.has(participantId)) return;
    this.#seats.set(participantId, seat);
    for (const { generation, secret } of this.#secrets.held(this.#clock.now())) {
      this.#give(generation, secret, participantId, seat);
    }
  }

  /** Another seat is another key. */
  stageMemberChanged(member: Member): void {
    if (this.#seats.get(member.participantId) === member.seat) return;
    this.#seats.delete(member.participantId);
    this.stageMember(member);
  }

  stageMemberLeft(participantId: string): void {
    this.#seats.delete(participantId);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #secretArrived(generation: number, secret: Uint8Array): void {
    if (!this.#secrets.add(generation, secret, this.#clock.now())) return;
    for (const [participantId, seat] of this.#seats) this.#give(generation, secret, participantId, seat);
    this.#expireLater();
  }

  #expireLater(): void {
    const dueAt = this.#secrets.nextExpiryAt;
    clearTimeout(this.#timer);
    if (dueAt === null) return;
    this.#timer = setTimeout(
      () => {
        for (const generation of this.#secrets.expire(this.#clock.now())) this.#onExpired(generation);
        this.#expireLater();
      },
      Math.max(1, dueAt - this.#clock.now()),
    );
    this.#timer.unref();
  }

  #give(generation: number, secret: Uint8Array, participantId: string, seat: number): void {
    const kid = kidOf(generation, seat);
    this.#onKey({
      participantId,
      kid,
      baseKey: speakerBaseKey({ secret, participantId, kid, suite: this.#suite }),
    });
  }
}
