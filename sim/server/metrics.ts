import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { roles, type Role } from "../protocol/signalling.ts";
import type { PacketTotals } from "./packet-counts.ts";
import { roomStates, type RoomState } from "./store.ts";

const prefix = "soundcheck_server_";
const requestBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What is counted anew at each scrape. */
export type Census = {
  rooms: number;
  participants: Readonly<Record<Role, number>>;
  transports: number;
  producers: number;
  consumers: number;
};

/** What is counted anew at each scrape of what stands outside the rooms. */
export type OutsideCensus = {
  storedRooms: Readonly<Record<RoomState, number>>;
  webhooksWaiting: number;
  ticketsOpen: number;
  draining: boolean;
};

export type WorkerUsage = { index: number; cpuSeconds: number; maxRssBytes: number };

/** Where the gauges of a scrape come from; set once the server stands. */
export type MetricSources = {
  census(): Census;
  connections(): number;
  outside(): Promise<OutsideCensus>;
  workerUsage(): Promise<WorkerUsage[]>;
  packets(): Promise<PacketTotals>;
};

export type Metrics = ReturnType<typeof createMetrics>;

/** The server's metrics, in a registry of their own; participant and room ids are never labels. */
export function createMetrics(sources: MetricSources) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix });

  new Gauge({
    name: `${prefix}participants`,
    help: "Participants in all rooms, by role.",
    labelNames: ["role"] as const,
    registers,
    collect() {
      const { participants } = sources.census();
      for (const role of roles) this.set({ role }, participants[role]);
    },
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: prefix + name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge("rooms", "Open rooms.", () => sources.census().rooms);
  gauge("transports", "Open WebRTC transports.", () => sources.census().transports);
  gauge("producers", "Streams that speakers publish.", () => sources.census().producers);
  gauge(
    "consumers",
    "Streams on their way, one for each receiver of each.",
    () => sources.census().consumers,
  );
  gauge("connections", "Open signalling connections, joined or not.", () => sources.connections());

  const packetCounter = (name: string, help: string, read: (totals: PacketTotals) => number): void => {
    new Counter({
      name: prefix + name,
      help,
      registers,
      async collect() {
        const total = read(await sources.packets());
        this.reset();
        this.inc(total);
      },
    });
  };
  packetCounter("received_packets_total", "RTP packets that speakers sent.", ({ received }) => received);
  packetCounter(
    "forwarded_packets_total",
    "RTP packets sent on: each that a speaker sent, once for each receiver of its stream, read at scrapes.",
    ({ forwarded }) => forwarded,
  );

  new Counter({
    name: `${prefix}worker_cpu_seconds_total`,
    help: "CPU time of a media worker, user and system; starts anew when the worker does.",
    labelNames: ["worker"] as const,
    registers,
    async collect() {
      const usage = await sources.workerUsage();
      this.reset();
      for (const { index, cpuSeconds } of usage) this.inc({ worker: String(index) }, cpuSeconds);
    },
  });
  new Gauge({
    name: `${prefix}worker_max_resident_memory_bytes`,
    help: "The most memory that a media worker has held.",
    labelNames: ["worker"] as const,
    registers,
    async collect() {
      const usage = await sources.workerUsage();
      this.reset();
      for (const { index, maxRssBytes } of usage) this.set({ worker: String(index) }, maxRssBytes);
    },
  });

  new Gauge({
    name: `${prefix}stored_rooms`,
    help: "Rooms that have been defined, by state.",
    labelNames: ["state"] as const,
    registers,
    async collect() {
      const { storedRooms } = await sources.outside();
      for (const state of roomStates) this.set({ state }, storedRooms[state]);
    },
  });
  const outsideGauge = (name: string, help: string, read: (outside: OutsideCensus) => number): void => {
    new Gauge({
      name: prefix + name,
      help,
      registers,
      async collect() {
        this.set(read(await sources.outside()));
      },
    });
  };
  outsideGauge("webhooks_waiting", "Webhooks on their way.", ({ webhooksWaiting }) => webhooksWaiting);
  outsideGauge("tickets_open", "Tickets issued and not yet used.", ({ ticketsOpen }) => ticketsOpen);
  outsideGauge("draining", "1 once the server lets nobody in any more.", ({ draining }) => Number(draining));

  const counter = (name: string, help: string): Counter =>
    new Counter({ name: prefix + name, help, registers });
  return {
    registry,
    joins: new Counter({
      name: `${prefix}joins_total`,
      help: "Joins asked for, by outcome: ok, or the code of the error.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    resumes: new Counter({
      name: `${prefix}resumes_total`,
      help: "Connections that asked for a place that was kept, by outcome: ok, or the code of the error.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    requestErrors: new Counter({
      name: `${prefix}signalling_errors_total`,
      help: "Requests answered by an error, by its code.",
      labelNames: ["code"] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: `${prefix}signalling_request_duration_seconds`,
      help: "From reading a request to having its answer, by request.",
      labelNames: ["request"] as const,
      buckets: requestBounds,
      registers,
    }),
    moderationActs: new Counter({
      name: `${prefix}moderation_acts_total`,
      help: "Acts of moderators and of the admin API, by act.",
      labelNames: ["act"] as const,
      registers,
    }),
    rateLimited: new Counter({
      name: `${prefix}rate_limited_total`,
      help: "What was refused because it came too often, by what it was and by whose limit it was.",
      labelNames: ["act", "by"] as const,
      registers,
    }),
    webhooks: new Counter({
      name: `${prefix}webhooks_total`,
      help: "Tries to deliver a webhook, by outcome: delivered, retried, dead (given up), overflowed (never tried).",
      labelNames: ["outcome"] as const,
      registers,
    }),
    ticketsIssued: counter("tickets_issued_total", "Tickets issued."),
    iceFailures: counter("ice_failures_total", "Transports that lost ICE consent."),
    dtlsFailures: counter("dtls_failures_total", "Transports whose DTLS handshake failed."),
    sealedMessages: counter("sealed_messages_total", "Sealed messages carried from member to member."),
    sealedBytes: counter("sealed_bytes_total", "Bytes of the sealed messages carried."),
    transportsLost: counter(
      "transports_lost_total",
      "Transports that went with a media worker, whose participants were asked to open them anew.",
    ),
    workerDeaths: counter("worker_deaths_total", "Media workers that died unasked."),
    silentClientsCut: counter(
      "silent_clients_cut_total",
      "Connections cut because the client gave no sign of life.",
    ),
    slowClientsCut: counter("slow_clients_cut_total", "Connections cut because the client did not read."),
  };
}
