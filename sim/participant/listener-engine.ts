/**
 * What receives, decrypts and observes at a listener. Two engines stand behind
 * this: node-datachannel (every packet seen in JavaScript) and, for scale, a
 * native process. Signalling and keys are dealt with above, in listener.ts.
 */
import type { SentBatch } from "../measure/sent-ledger.ts";
import type { Histogram, HistogramSnapshot } from "../util/histogram.ts";
import type { IncomingStream, RemoteTransport } from "./target.ts";

/** Counts of one listener or of a whole engine. Expected = received + lost, each of the packets that are settled by now. */
export type ListenerCounts = {
  expected: number;
  received: number;
  lost: number;
  late: number;
  duplicate: number;
  /** Arrived, but not expected: sent before the listener was connected, or after it left. */
  edge: number;
  /** Expected frames that SFrame refused. */
  refused: number;
};

export function zeroCounts(): ListenerCounts {
  return { expected: 0, received: 0, lost: 0, late: 0, duplicate: 0, edge: 0, refused: 0 };
}

/** An outcome of an expected packet: mouth-to-ear delay in ms, or what went wrong. */
export type SampledOutcome = number | "late" | "lost" | "refused";

/** What happened since the last digest. */
export type ListenerDigest = {
  counts: ListenerCounts;
  samples: SampledOutcome[];
  /** From connected to the first frame that could be played, in ms; null until then. */
  firstSoundMs: number | null;
};

export type StreamKey = {
  participantId: string;
  kid: number;
  baseKey: Uint8Array;
};

/** Keys for KIDs that nobody gave: later steps of a secret that is held. */
export type KeyFinder = {
  /** Null: there is none. */
  find(kid: number): StreamKey | null;
  /** A frame has authenticated under what was found. */
  found(kid: number): void;
};

export type ListenerMediaOptions = {
  index: number;
  encrypted: boolean;
  /** Default: only the keys that are given. */
  keys?: KeyFinder;
  /** Media was connected and is no more. */
  onLost(message: string): void;
};

export type ListenerMedia = {
  /** SHA-256 fingerprint of the local DTLS certificate; another one after `reopen`. */
  readonly fingerprint: string;
  /** Connects media; streams that are on their way already are known by then. Rejects with a SessionError. */
  connect(remote: RemoteTransport, signal: AbortSignal): Promise<void>;
  /**
   * Drops the connection, which the system lost, and has another ready to connect. Streams go by new
   * consumers then; what speakers send meanwhile stays expected, and so is lost.
   */
  reopen(): Promise<void>;
  addStream(stream: IncomingStream): void;
  removeStream(consumerId: string): void;
  pauseStream(consumerId: string, paused: boolean): void;
  /** A key to decrypt a speaker's frames with. */
  addKey(key: StreamKey): void;
  /** Forgets the keys whose KID is of this generation. */
  dropKeys(generation: number): void;
  takeDigest(): ListenerDigest;
  /** Expects nothing more from now on, lets arrive what is on its way, settles all, and gives the sum of the whole session. */
  finish(): Promise<ListenerCounts>;
  /** What the worst-listener list shows. */
  mouthToEarP99Seconds(): number | null;
  /** Heard nothing, though somebody spoke; known once finished. */
  isDeaf(): boolean;
  readonly peer: { address: string; port: number } | undefined;
  close(): void;
};

/** A second of the run, over all listeners of an engine. */
export type EngineSecond = {
  second: number;
  expected: number;
  lost: number;
  late: number;
  mouthToEar: HistogramSnapshot | null;
};

export type EngineReport = {
  counts: ListenerCounts;
  histograms: {
    mouth_to_ear: HistogramSnapshot;
    path_delay: HistogramSnapshot;
    playout_delay: HistogramSnapshot;
    sframe_decrypt: HistogramSnapshot;
    key_gap: HistogramSnapshot;
  };
  decrypted: number;
  /** By cause of refusal, whether the frame was expected or not. */
  refused: Record<string, number>;
  seconds: EngineSecond[];
};

export type ListenerEngine = {
  readonly name: string;
  open(options: ListenerMediaOptions): Promise<ListenerMedia>;
  /** What speakers sent, as it becomes known. */
  recordSent(batch: SentBatch): void;
  /** Of all listeners so far. */
  readonly counts: ListenerCounts;
  readonly mouthToEar: Histogram;
  readonly pathDelay: Histogram;
  readonly decryptCost: Histogram;
  report(): EngineReport;
  close(): Promise<void>;
};
