/** A network of a test's own: a namespace with nothing but loopback, where packets can be dropped and counted. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";

/** Why there is no such network here; undefined: there is. */
export function whyNoNetwork(): string | undefined {
  for (const program of ["unshare", "nsenter", "ip", "nft"]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0) return `there is no ${program}`;
  }
  const probe = spawnSync("unshare", ["--net", "true"]);
  return probe.status === 0 ? undefined : "network namespaces cannot be made here (not root?)";
}

export class Network implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<Network> {
    const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => {
        resolve();
      });
      holder.once("exit", () => {
        reject(new Error("the namespace did not come up"));
      });
    });
    const network = new Network(holder);
    network.run("nft", "add table inet fault");
    network.run("nft", "add chain inet fault out { type filter hook input priority 0; }");
    return network;
  }

  /** Put before a command to run it inside. */
  get prefix(): string[] {
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, "--"];
  }

  run(command: string, ...args: string[]): string {
    const [nsenter, ...rest] = this.prefix;
    return execFileSync(nsenter as string, [...rest, command, ...args], { encoding: "utf8" });
  }

  /** Adds a rule on what arrives, after loopback has carried it (a drop on the way out would be an error to the sender); e.g. `udp dport 40000 drop`. */
  rule(text: string): void {
    this.run("nft", `add rule inet fault out ${text}`);
  }

  clear(): void {
    this.run("nft", "flush chain inet fault out");
  }

  /** Packets counted by the rules, in their order. */
  counts(): number[] {
    return [...this.run("nft", "list chain inet fault out").matchAll(/counter packets (\d+)/g)].map((match) =>
      Number(match[1]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null) return;
    const ended = new Promise((resolve) => {
      this.#holder.once("exit", resolve);
    });
    this.#holder.kill("SIGKILL");
    await ended;
  }
}

/** nft: an RTP packet rather than STUN or DTLS on the same port (RFC 7983: first byte 128 to 191). */
export const isRtp = "@th,64,2 2";
