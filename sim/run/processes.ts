import { fork, spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { InterruptedError, SetupError } from "../util/errors.ts";

/** For the end of what a process said, once it has ended. */
const lastWordsMs = 200;
/** How much of what a process wrote last is kept, in characters. */
const tailLength = 4000;

export type Ended = { code: number | null; signal: NodeJS.Signals | null };

/** A process of the run: knows how it ended, keeps the end of what it said, and can be ended. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, however that came about. */
  readonly ended: Promise<Ended>;
  /** Resolves when nothing more can come of what it writes. */
  readonly silent: Promise<void>;
  readonly #child: ChildProcess;
  #tail = "";
  #end: Ended | undefined;

  /** What it writes goes to `log` too. */
  constructor(name: string, child: ChildProcess, log: string) {
    this.name = name;
    this.#child = child;
    this.pid = child.pid ?? 0;
    const file = createWriteStream(log);
    // A log that cannot be written is no reason to end a run.
    file.on("error", () => undefined);
    const keep = (chunk: Buffer): void => {
      file.write(chunk);
      this.#tail = (this.#tail + chunk.toString()).slice(-tailLength);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    // Not the child's own `close`: Node never tells of it once we have closed the IPC channel.
    const outputs = [child.stdout, child.stderr].filter((output) => output !== null);
    this.silent = Promise.all(
      outputs.map(
        (output) =>
          new Promise((resolve) => {
            output.once("close", resolve);
          }),
      ),
    ).then(() => {
      file.end();
    });
    this.ended = new Promise((resolve) => {
      const finish = (ended: Ended): void => {
        this.#end ??= ended;
        resolve(this.#end);
      };
      child.once("exit", (code, signal) => {
        finish({ code, signal });
      });
      child.on("error", () => {
        // It did not start, or could not be signalled: then it goes on, and its exit tells.
        if (child.pid === undefined) finish({ code: null, signal: null });
      });
    });
  }

  /** What it wrote last. */
  get tail(): string {
    return this.#tail;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded) this.#child.kill(signal);
  }

  /** Asks it to end (closing its IPC, or by SIGTERM), and after the grace period makes it. */
  async stop(graceMs = 5000): Promise<void> {
    if (this.hasEnded) return;
    if (this.#child.connected) this.#child.disconnect();
    else this.#child.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.#child.kill("SIGKILL");
    }, graceMs);
    await this.ended;
    clearTimeout(timer);
  }
}

/** What a server or agent tells the run that started it, once it serves. */
export type Ready = { type: "ready"; url: string; details?: Record<string, number | string> };

/**
 * Starts a command of ours as a child that ends with us (its IPC channel closes)
 * and waits until it says that it is ready. Throws a SetupError with the child's
 * own words when it does not come up, an InterruptedError when the signal comes
 * first; then no process is left. Away from the terminal's Ctrl-C: the run ends it.
 */
export async function startService(options: {
  name: string;
  cli: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  log: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}): Promise<{ process: ManagedProcess; ready: Ready }> {
  if (options.signal?.aborted === true) throw new InterruptedError();
  const child = fork(options.cli, options.args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: options.env,
  });
  const managed = new ManagedProcess(options.name, child, options.log);
  const { promise, resolve, reject } = Promise.withResolvers<Ready>();
  child.on("message", (message: Ready | { type: "failed"; code: string; message: string; hint?: string }) => {
    if (message.type === "ready") resolve(message);
    else reject(new SetupError(message.code, message.message, { hint: message.hint }));
  });
  void managed.ended.then(async ({ code, signal }) => {
    // What it said last may still be in the pipe; a grandchild may hold that open.
    await Promise.race([managed.silent, delay(lastWordsMs)]);
    const how = signal === null ? `exited with ${code}` : `was killed by ${signal}`;
    reject(
      new SetupError(
        `${options.name}-died`,
        `the ${options.name} ${how} while starting:\n${managed.tail.trim()}`,
      ),
    );
  });
  const abort = (): void => {
    reject(new InterruptedError());
  };
  options.signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    reject(new SetupError(`${options.name}-timeout`, `the ${options.name} did not come up in time`));
  }, options.timeoutMs ?? 60_000);
  try {
    return { process: managed, ready: await promise };
  } catch (error) {
    await managed.stop(1000);
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}

/**
 * Starts a program of somebody else's, away from the terminal's Ctrl-C: it is for
 * the run to end it in good order.
 */
export function startProgram(
  name: string,
  command: string,
  args: string[],
  { log, ...options }: { env: NodeJS.ProcessEnv; cwd: string; log: string },
): ManagedProcess {
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  return new ManagedProcess(name, child, log);
}
