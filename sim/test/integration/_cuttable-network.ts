/** A way to a room server that can be cut: bytes of signalling wait, as TCP lets them, and packets of media are lost. */
import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { RemoteTransport, Target } from "../../participant/target.ts";

type Pair = { near: Socket; far: Socket };

export class CuttableNetwork implements AsyncDisposable {
  readonly #server: Server;
  readonly #media: DatagramSocket;
  /** What speaks to the server for each client, by the client's port. */
  readonly #ways = new Map<number, DatagramSocket>();
  readonly #pairs = new Set<Pair>();
  readonly #mediaPort: () => number;
  /** What is to happen once packets come through again, in its order. */
  #held: (() => void)[] = [];
  #cut = false;
  /** Packets of media lost on the way so far. */
  dropped = 0;

  private constructor(server: Server, media: DatagramSocket, mediaPort: () => number) {
    this.#server = server;
    this.#media = media;
    this.#mediaPort = mediaPort;
  }

  /** `mediaPort`: the server's, asked for anew at each packet of a new client. */
  static async create(url: string, mediaPort: () => number): Promise<CuttableNetwork> {
    const { hostname, port } = new URL(url);
    const media = createSocket("udp4");
    const network = new CuttableNetwork(createServer(), media, mediaPort);
    network.#server.on("connection", (near) => {
      network.#join(near, connect(Number(port), hostname));
    });
    media.on("message", (packet, { port: from }) => {
      network.#forward(packet, from);
    });
    media.bind(0, "127.0.0.1");
    network.#server.listen(0, "127.0.0.1");
    await Promise.all([once(media, "listening"), once(network.#server, "listening")]);
    return network;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/room`;
  }

  cut(): void {
    this.#cut = true;
  }

  mend(): void {
    this.#cut = false;
    const held = this.#held;
    this.#held = [];
    for (const act of held) act();
  }

  /** The target's participants, whose media goes this way too. */
  over(target: Target): Target {
    const rerouted = (transport: RemoteTransport): RemoteTransport => ({
      ...transport,
      iceCandidates: transport.iceCandidates
        .filter(({ protocol }) => protocol === "udp")
        .map((candidate) => ({ ...candidate, port: this.#media.address().port })),
    });
    return {
      join: async (options, events) => {
        const session = await target.join(options, events);
        return {
          ...session,
          transport: rerouted(session.transport),
          reconnect: async (...args) => {
            const anew = await session.reconnect(...args);
            return { ...anew, transport: rerouted(anew.transport) };
          },
        };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    for (const way of this.#ways.values()) way.close();
    this.#media.close();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #whenMended(act: () => void): void {
    if (this.#cut) this.#held.push(act);
    else act();
  }

  #join(near: Socket, far: Socket): void {
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("data", (bytes) => {
        this.#whenMended(() => to.write(bytes));
      });
      from.on("close", () => {
        this.#whenMended(() => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      });
      from.on("error", () => undefined);
    }
  }

  #forward(packet: Buffer, from: number): void {
    let way = this.#ways.get(from);
    if (way === undefined) {
      way = createSocket("udp4");
      way.connect(this.#mediaPort(), "127.0.0.1");
      way.on("message", (answer) => {
        if (this.#cut) this.dropped++;
        else this.#media.send(answer, from, "127.0.0.1");
      });
      // A worker that has died is no longer there.
      way.on("error", () => undefined);
      const opened = way;
      way.once("connect", () => {
        if (!this.#cut) opened.send(packet);
      });
      this.#ways.set(from, way);
    } else if (this.#cut) this.dropped++;
    else
      try {
        way.send(packet);
      } catch {
        // Not connected yet: as lost as any packet that comes too early.
      }
  }
}
