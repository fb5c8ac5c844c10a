import type { Destination, FailureCause, HostKind, HostReport, Second } from "../protocol/fleet.ts";
import { EventLoopMonitor } from "../measure/event-loop.ts";
import type { Clock } from "../util/clock.ts";
import { Histogram } from "../util/histogram.ts";
import type { SessionError } from "../participant/errors.ts";
import type { Interruptions } from "../participant/interruptions.ts";

type SecondCounts = Omit<Second, "second">;
type Peer = { address: string; port: number } | undefined;

/** What a host process notes of its participants, whatever they are. */
export class HostRecorder {
  readonly join = new Histogram();
  readonly firstSound = new Histogram();
  readonly interruptions: Interruptions = { away: new Histogram(), mediaRestart: new Histogram() };
  readonly eventLoop: EventLoopMonitor;
  joined = 0;
  completed = 0;
  left = 0;
  failed = 0;
  #failedToJoin = 0;
  digestsSent = 0;
  readonly #options: { name: string; kind: HostKind; runStartMs: number; clock: Clock };
  readonly #failures = new Map<string, { cause: FailureCause; message: string; count: number }>();
  readonly #seconds = new Map<number, SecondCounts>();
  readonly #destinations = new Map<string, Destination>();
  readonly #startMs: number;
  /** What Node and its imports took to start is not the run's. */
  readonly #startCpu = process.cpuUsage();

  constructor(options: { name: string; kind: HostKind; runStartMs: number; clock: Clock }) {
    this.#options = options;
    this.#startMs = options.clock.now();
    this.eventLoop = new EventLoopMonitor(options.clock);
    this.eventLoop.start();
  }

  recordJoin(joinMs: number, peers: { signalling: Peer; media: Peer }): void {
    this.joined++;
    this.join.observe(joinMs / 1000);
    this.now.joined++;
    this.#talkedTo(peers.signalling, "tcp", "signalling");
    this.#talkedTo(peers.media, "udp", "media");
  }

  /** A session that never came to be. */
  recordFailureToJoin(error: SessionError): void {
    this.#failedToJoin++;
    this.recordFailure(error);
  }

  /** A session that broke. */
  recordFailure(error: SessionError): void {
    this.failed++;
    this.now.failed++;
    const key = `${error.failure}: ${error.message}`;
    const known = this.#failures.get(key);
    if (known === undefined)
      this.#failures.set(key, { cause: error.failure, message: error.message, count: 1 });
    else known.count++;
  }

  /** What both kinds of host observe of their participants. */
  histograms(): HostReport["histograms"] {
    return {
      join: this.join.snapshot(),
      away: this.interruptions.away.snapshot(),
      media_restart: this.interruptions.mediaRestart.snapshot(),
      event_loop_delay: this.eventLoop.delay.snapshot(),
    };
  }

  recordLeave(): void {
    this.left++;
    this.now.left++;
  }

  /** The commonest failure, in words. */
  get commonestFailure(): string | null {
    let worst: { message: string; count: number } | undefined;
    for (const failure of this.#failures.values()) if (failure.count > (worst?.count ?? 0)) worst = failure;
    return worst === undefined ? null : `${worst.message} (${worst.count})`;
  }

  /** The present second's counts. */
  get now(): SecondCounts {
    return this.second(Math.floor((this.#options.clock.now() - this.#options.runStartMs) / 1000));
  }

  second(number: number): SecondCounts {
    let second = this.#seconds.get(number);
    if (second === undefined) {
      second = {
        joined: 0,
        left: 0,
        failed: 0,
        sent: 0,
        expected: 0,
        received: 0,
        lost: 0,
        late: 0,
        mouthToEar: null,
      };
      this.#seconds.set(number, second);
    }
    return second;
  }

  /** The parts of a host's report that are the same for stage and audience. */
  report(): Pick<
    HostReport,
    | "name"
    | "kind"
    | "joined"
    | "failures"
    | "completed"
    | "failedToJoin"
    | "seconds"
    | "destinations"
    | "usage"
    | "digestsSent"
  > {
    const { user, system } = process.cpuUsage(this.#startCpu);
    return {
      name: this.#options.name,
      kind: this.#options.kind,
      joined: this.joined,
      failures: [...this.#failures.values()],
      completed: this.completed,
      failedToJoin: this.#failedToJoin,
      seconds: [...this.#seconds]
        .map(([second, counts]) => ({ second, ...counts }))
        .toSorted((a, b) => a.second - b.second),
      destinations: [...this.#destinations.values()],
      usage: {
        name: this.#options.name,
        pid: process.pid,
        cpuSeconds: (user + system) / 1e6,
        wallSeconds: (this.#options.clock.now() - this.#startMs) / 1000,
        maxRssBytes: process.resourceUsage().maxRSS * 1024,
      },
      digestsSent: this.digestsSent,
    };
  }

  #talkedTo(peer: Peer, protocol: "tcp" | "udp", purpose: "media" | "signalling"): void {
    if (peer === undefined) return;
    const key = `${protocol} ${peer.address} ${peer.port}`;
    const known = this.#destinations.get(key);
    if (known === undefined) {
      this.#destinations.set(key, {
        ...peer,
        protocol,
        purpose,
        process: this.#options.name,
        connections: 1,
      });
    } else known.connections++;
  }
}
