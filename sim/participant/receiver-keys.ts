import { RoomSecrets } from "../e2ee/keys/room-secrets.ts";
import { generationOfKid, kidOf, seatOfKid } from "../e2ee/keys/kid.ts";
import type { RoomSecret } from "../e2ee/keys/room-message.ts";
import type { CipherSuiteName } from "../e2ee/sframe/suites.ts";
import type { Member } from "../protocol/signalling.ts";
import type { Clock } from "../util/clock.ts";
import type { StreamKey } from "./listener-engine.ts";
import { sharedBaseKey, sharedRatchetTo } from "./_shared-derivations.ts";
import { SecretReceiver } from "./secret-receiver.ts";

/** A listener's keys: one for each pairing of a generation of the room's secret and a speaker on the stage. */
export class ReceiverKeys {
  readonly #receiver: SecretReceiver;
  readonly #suite: CipherSuiteName;
  readonly #onKey: (key: StreamKey) => void;
  readonly #onExpired: (generation: number) => void;
  readonly #clock: Clock;
  readonly #secrets = new RoomSecrets(sharedRatchetTo);
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
    this.#receiver = new SecretReceiver((newest, spoken) => {
      this.#secretArrived(newest, spoken);
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

  /** What the room's roster and messages came to. */
  get checks(): Pick<SecretReceiver, "refusedBy" | "trust"> {
    return this.#receiver;
  }

  stageMember({ participantId, seat }: Member): void {
    if (seat !== null) this.#receiver.trust.stageMember(participantId, seat);
    if (seat === null || this.#seats.has(participantId)) return;
    this.#seats.set(participantId, seat);
    for (const { generation, secret } of this.#secrets.held(this.#clock.now())) {
      this.#give(generation, secret, participantId, seat);
    }
  }

  /** Another seat is another key. */
  stageMemberChanged(member: Member): void {
    if (this.#seats.get(member.participantId) === member.seat) return;
    this.stageMemberLeft(member.participantId);
    this.stageMember(member);
  }

  stageMemberLeft(participantId: string): void {
    this.#seats.delete(participantId);
    this.#receiver.trust.stageMemberLeft(participantId);
  }

  /** The key of a KID that nobody gave us: of a later step of a secret that we hold. Null: there is none. */
  find(kid: number): StreamKey | null {
    const seat = seatOfKid(kid);
    const secret = this.#secrets.peek(generationOfKid(kid), this.#clock.now());
    if (secret === null) return null;
    for (const [participantId, taken] of this.#seats) {
      if (taken !== seat) continue;
      return {
        participantId,
        kid,
        baseKey: sharedBaseKey({ secret, participantId, kid, suite: this.#suite }),
      };
    }
    return null;
  }

  /** A frame has authenticated under a key that was found: the secret goes on to its step. */
  found(kid: number): void {
    if (this.#secrets.follow(generationOfKid(kid), this.#clock.now()) !== null) this.#expireLater();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #secretArrived(newest: RoomSecret, spoken: RoomSecret | null): void {
    const nowMs = this.#clock.now();
    const isFirst = this.#secrets.newest < 0;
    if (!this.#secrets.add(newest.generation, newest.secret, nowMs)) return;
    this.#giveAll(newest);
    if (isFirst && spoken !== null && this.#secrets.addEarlier(spoken.generation, spoken.secret, nowMs)) {
      this.#giveAll(spoken);
    }
    this.#expireLater();
  }

  #giveAll({ generation, secret }: RoomSecret): void {
    for (const [participantId, seat] of this.#seats) this.#give(generation, secret, participantId, seat);
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
      baseKey: sharedBaseKey({ secret, participantId, kid, suite: this.#suite }),
    });
  }
}
