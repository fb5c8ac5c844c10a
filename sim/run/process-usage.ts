import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import type { ProcessUsage } from "../protocol/fleet.ts";

/** USER_HZ, in which /proc counts CPU time: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const samplePeriodMs = 1000;

type Usage = { cpuSeconds: number; rssBytes: number };

type Watched = {
  readonly name: string;
  readonly pid: number;
  readonly firstMs: number;
  readonly firstSeconds: number;
  /** When it was last there to be asked, and what it had used by then. */
  lastMs: number;
  lastSeconds: number;
  maxRssBytes: number;
};

/**
 * CPU and memory of processes that are not ours to ask, and of the whole
 * machine, by sampling: Linux's /proc; elsewhere only the machine as a whole.
 */
export class UsageSampler {
  readonly #watched = new Map<number, Watched>();
  readonly #machineStart = machineTimes();
  #machineEnd = this.#machineStart;
  #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => {
      this.sample();
    }, samplePeriodMs);
    this.#timer.unref();
  }

  /** Watches a process, and its children (by what `nameChild` makes of their number). */
  watch(name: string, pid: number, nameChild?: (index: number) => string): void {
    this.#add(name, pid);
    if (nameChild === undefined) return;
    childrenOf(pid).forEach((child, index) => {
      this.#add(nameChild(index), child);
    });
  }

  sample(): void {
    this.#machineEnd = machineTimes();
    for (const watched of this.#watched.values()) {
      const usage = usageOf(watched.pid);
      if (usage === undefined) continue;
      watched.lastMs = performance.now();
      watched.lastSeconds = usage.cpuSeconds;
      watched.maxRssBytes = Math.max(watched.maxRssBytes, usage.rssBytes);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
    this.sample();
  }

  usages(): ProcessUsage[] {
    return [...this.#watched.values()].map((watched) => ({
      name: watched.name,
      pid: watched.pid,
      cpuSeconds: watched.lastSeconds - watched.firstSeconds,
      wallSeconds: (watched.lastMs - watched.firstMs) / 1000,
      maxRssBytes: watched.maxRssBytes,
    }));
  }

  /** Share of all cores that was busy since the sampler was made; null before any time has passed. */
  get machineBusyRatio(): number | null {
    const total = this.#machineEnd.total - this.#machineStart.total;
    if (total <= 0) return null;
    // The counters of a kernel may step back by a tick.
    return Math.min(1, Math.max(0, 1 - (this.#machineEnd.idle - this.#machineStart.idle) / total));
  }

  #add(name: string, pid: number): void {
    const usage = usageOf(pid);
    if (usage === undefined || this.#watched.has(pid)) return;
    const nowMs = performance.now();
    this.#watched.set(pid, {
      name,
      pid,
      firstMs: nowMs,
      lastMs: nowMs,
      firstSeconds: usage.cpuSeconds,
      lastSeconds: usage.cpuSeconds,
      maxRssBytes: usage.rssBytes,
    });
  }
}

function machineTimes(): { total: number; idle: number } {
  let [total, idle] = [0, 0];
  for (const { times } of cpus()) {
    total += times.user + times.nice + times.sys + times.idle + times.irq;
    idle += times.idle;
  }
  return { total, idle };
}

/** CPU time and resident memory of a process by proc(5); undefined where there is none, or no /proc. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command, in parentheses, may hold spaces; the fields after it are numbered from 3 (state).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    // In KiB whatever the size of a page; a zombie has none.
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    return { cpuSeconds: ticks / ticksPerSecond, rssBytes: Number(rss) * 1024 };
  } catch {
    return undefined;
  }
}

/** Process ids of the children; none where there is no /proc. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => childrenOfThread(pid, thread));
  } catch {
    return [];
  }
}

/** Threads come and go while they are listed. */
function childrenOfThread(pid: number, thread: string): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}
