/**
 * The seam to the system under test. Nothing above this folder knows which
 * system it is: a participant joins, publishes, subscribes and leaves.
 */
import type {
  DtlsParameters,
  Member,
  Role,
  StreamDescription,
  TransportParameters,
} from "../protocol/signalling.ts";

/** The far end of a media connection: what a WebRTC stack needs to know to connect. */
export type RemoteTransport = TransportParameters;
export type IncomingStream = StreamDescription;

export type JoinOptions = {
  /** Account of the participant; unique in the room. */
  accountId: string;
  name: string;
  role: Role;
  /** X25519, raw; undefined: takes no part in encryption. */
  publicKey: Uint8Array | undefined;
  direction: "send" | "receive";
  /** SHA-256 fingerprint of our DTLS certificate, colon-separated hex. */
  fingerprint: string;
  /** Ends the attempt. */
  signal: AbortSignal;
};

export type PublishOptions = {
  ssrc: number;
  cname: string;
  /** The stream to go on with, after its media was lost; undefined: a new one. */
  streamId: string | undefined;
};

/** New media in place of what the system lost. */
export type Reconnection = {
  transport: RemoteTransport;
  /** When receiving: the streams that are on their way already. */
  streams: IncomingStream[];
};

/** What happens in the room while a session lasts. All handlers are set before `join`, so nothing is missed. */
export type TargetEvents = {
  memberJoined(member: Member): void;
  memberLeft(participantId: string): void;
  /** Came to the stage, left it for the audience, or has another role there. */
  memberChanged(member: Member): void;
  streamAdded(stream: IncomingStream): void;
  streamRemoved(consumerId: string): void;
  streamPaused(consumerId: string, paused: boolean): void;
  sealed(from: string, message: Uint8Array): void;
  /** The system has lost our media, and nothing else: {@link TargetSession.reconnect} makes it anew. */
  mediaLost(): void;
  /** The signalling is gone and the place is kept; media may go on. Requests that cannot wait are refused until `back`. */
  away(): void;
  /** The signalling is there again, with all that changed meanwhile told before; gone since that many ms. */
  back(awayMs: number): void;
  /** The far end's view of ICE and DTLS. */
  transportState(state: { ice: string; dtls: string }): void;
  /** The session is over and it was not us: removed by the server, or the connection is gone. */
  ended(reason: { kind: "removed" | "disconnected"; message: string }): void;
};

const ignore = (): void => undefined;
/** For who attends to nothing, or to what it puts in their place. */
export const ignoredEvents: TargetEvents = {
  memberJoined: ignore,
  memberLeft: ignore,
  memberChanged: ignore,
  streamAdded: ignore,
  streamRemoved: ignore,
  streamPaused: ignore,
  sealed: ignore,
  mediaLost: ignore,
  away: ignore,
  back: ignore,
  transportState: ignore,
  ended: ignore,
};

export type TargetSession = {
  readonly participantId: string;
  readonly roomId: string;
  readonly seat: number | null;
  readonly stage: Member[];
  /** For those who deal keys. */
  readonly audience: Member[];
  readonly transport: RemoteTransport;
  /** Streams that are on their way already. */
  readonly streams: IncomingStream[];
  publish(options: PublishOptions): Promise<{ streamId: string }>;
  /** A new transport, subscribed to when receiving; what follows goes over it. Rejects with a SessionError. */
  reconnect(fingerprint: string, signal: AbortSignal): Promise<Reconnection>;
  /** Sealed bytes to members of the room. */
  relay(messages: { to: string; sealed: Uint8Array }[]): Promise<void>;
  /** Leaves in good order. */
  leave(): Promise<void>;
  /** Drops the connection at once, and the place with it; safe to call twice. */
  close(): void;
  /** Address and port that signalling really talks to. */
  readonly peer: { address: string; port: number } | undefined;
};

export type Target = {
  join(options: JoinOptions, events: TargetEvents): Promise<TargetSession>;
};

export function dtlsParametersOf(fingerprint: string): DtlsParameters {
  return { role: "client", fingerprints: [{ algorithm: "sha-256", value: fingerprint }] };
}
