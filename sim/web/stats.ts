/** What is kept of `getStats()` (W3C webrtc-stats), summed over all streams; counts are since the page joined media. */
export type MediaStats = {
  readonly receiving: {
    readonly streams: number;
    readonly packetsReceived: number;
    readonly packetsLost: number;
    readonly bytesReceived: number;
    /** The worst stream's, in milliseconds. */
    readonly jitterMs: number;
    /** Summed over samples: divide by `jitterBufferEmittedCount`. */
    readonly jitterBufferDelaySeconds: number;
    readonly jitterBufferEmittedCount: number;
    readonly concealedSamples: number;
    /** Without those that were silence anyway. */
    readonly audibleConcealedSamples: number;
    readonly totalSamplesReceived: number;
    /** Joule-like, as webrtc-stats has it: above 0 once something was heard. */
    readonly totalAudioEnergy: number;
    /** Over how long that energy is counted. */
    readonly totalSamplesSeconds: number;
  };
  readonly sending: {
    readonly packetsSent: number;
    readonly bytesSent: number;
    /** As the server reports it. */
    readonly packetsLost: number;
  };
  readonly roundTripMs: number | null;
};

export const noStats: MediaStats = {
  receiving: {
    streams: 0,
    packetsReceived: 0,
    packetsLost: 0,
    bytesReceived: 0,
    jitterMs: 0,
    jitterBufferDelaySeconds: 0,
    jitterBufferEmittedCount: 0,
    concealedSamples: 0,
    audibleConcealedSamples: 0,
    totalSamplesReceived: 0,
    totalAudioEnergy: 0,
    totalSamplesSeconds: 0,
  },
  sending: { packetsSent: 0, bytesSent: 0, packetsLost: 0 },
  roundTripMs: null,
};

type Entry = Readonly<Record<string, unknown>>;

/** Sums the reports of a receiving and a sending connection. */
export function summarise(reports: readonly Iterable<Entry>[]): MediaStats {
  const entries = reports.flatMap((report) => [...report]);
  const of = (type: string): Entry[] => entries.filter((entry) => entry["type"] === type);
  const inbound = of("inbound-rtp");
  const outbound = of("outbound-rtp");
  const remoteInbound = of("remote-inbound-rtp");
  const pairs = of("candidate-pair").filter((pair) => pair["nominated"] === true);
  const roundTrips = pairs.flatMap(({ currentRoundTripTime: seconds }) =>
    typeof seconds === "number" ? [seconds * 1000] : [],
  );
  return {
    receiving: {
      streams: inbound.length,
      packetsReceived: sum(inbound, "packetsReceived"),
      packetsLost: sum(inbound, "packetsLost"),
      bytesReceived: sum(inbound, "bytesReceived"),
      jitterMs: Math.max(0, ...inbound.map((entry) => number(entry, "jitter") * 1000)),
      jitterBufferDelaySeconds: sum(inbound, "jitterBufferDelay"),
      jitterBufferEmittedCount: sum(inbound, "jitterBufferEmittedCount"),
      concealedSamples: sum(inbound, "concealedSamples"),
      audibleConcealedSamples: sum(inbound, "concealedSamples") - sum(inbound, "silentConcealedSamples"),
      totalSamplesReceived: sum(inbound, "totalSamplesReceived"),
      totalAudioEnergy: sum(inbound, "totalAudioEnergy"),
      totalSamplesSeconds: sum(inbound, "totalSamplesDuration"),
    },
    sending: {
      packetsSent: sum(outbound, "packetsSent"),
      bytesSent: sum(outbound, "bytesSent"),
      packetsLost: sum(remoteInbound, "packetsLost"),
    },
    roundTripMs: roundTrips.length === 0 ? null : Math.max(...roundTrips),
  };
}

function number(entry: Entry, key: string): number {
  const value = entry[key];
  return typeof value === "number" ? value : 0;
}

function sum(entries: readonly Entry[], key: string): number {
  return entries.reduce((total, entry) => total + number(entry, key), 0);
}
