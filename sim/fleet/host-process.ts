import { fork, type ChildProcess } from "node:child_process";
import type { HostReport } from "../protocol/fleet.ts";
import { hostReportSchema } from "../protocol/fleet.ts";
import { SetupError } from "../util/errors.ts";
import type { FromHost, HostProgress, ToHost } from "./host-messages.ts";
import type { SentBatch } from "../measure/sent-ledger.ts";

type Start = Extract<ToHost, { type: "start" }>;

const startTimeoutMs = 30_000;
/** Leaving, draining and settling take some seconds at the end. */
const endTimeoutMs = 15_000;

/** A host process from the agent's side. */
export class HostProcess {
  readonly name: string;
  readonly url: string;
  progress: HostProgress | undefined;
  /** How it ended, when it ended unasked. */
  died: string | undefined;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, start: Start, url: string) {
    this.#child = child;
    this.name = start.name;
    this.url = url;
  }

  /** Throws a SetupError when the process does not come up. */
  static async start(start: Start, onSent: (batches: SentBatch[]) => void): Promise<HostProcess> {
    // ws's optional native helpers are not ours to find; IPC by structured clone is not needed.
    const child = fork(new URL("./host-main.ts", import.meta.url), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let host: HostProcess | undefined;
    const timer = setTimeout(() => {
      reject(new SetupError("host-timeout", `host process ${start.name} did not come up in time`));
    }, startTimeoutMs);
    child.on("message", (message: FromHost) => {
      if (message.type === "listening") resolve(message.url);
      else if (message.type === "failed") {
        reject(
          new SetupError(message.code, `host process ${start.name}: ${message.message}`, {
            hint: message.hint,
          }),
        );
      } else if (message.type === "sent") onSent(message.batches);
      else if (message.type === "progress" && host !== undefined) host.progress = message.progress;
    });
    child.on("exit", (code, signal) => {
      const how = signal === null ? `exited with ${code}` : `was killed by ${signal}`;
      reject(new SetupError("host-died", `host process ${start.name} ${how} while starting`));
      if (host !== undefined) host.died ??= `host process ${host.name} ${how}`;
    });
    child.on("error", (error) => {
      reject(new SetupError("host-died", `host process ${start.name}: ${error.message}`, { cause: error }));
    });
    child.send(start satisfies ToHost);
    try {
      host = new HostProcess(child, start, await promise);
      return host;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  send(message: ToHost): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /** Ends what goes on there; undefined when there is nobody left to report. */
  async end(): Promise<HostReport | undefined> {
    if (this.died !== undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<HostReport | undefined>();
    const timer = setTimeout(() => {
      resolve(undefined);
    }, endTimeoutMs);
    this.#child.on("message", (message: FromHost) => {
      if (message.type !== "report") return;
      const parsed = hostReportSchema.safeParse(message.report);
      resolve(parsed.success ? parsed.data : undefined);
    });
    this.#child.once("exit", () => {
      resolve(undefined);
    });
    this.send({ type: "end" });
    const report = await promise;
    clearTimeout(timer);
    return report;
  }

  /** Ends the process. */
  close(): void {
    this.died ??= "closed";
    // It goes by itself when the channel closes, unless it hangs.
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 1000);
    this.#child.once("exit", () => {
      clearTimeout(timer);
    });
  }
}
