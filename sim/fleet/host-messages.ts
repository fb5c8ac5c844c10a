/** Between an agent and its host processes, over Node's IPC: processes of our own, of one version. */
import type { SentBatch } from "../measure/sent-ledger.ts";
import type { CoarseHistogram, ScrapedFigure } from "./agent-metrics.ts";
import type { ChirpSchedule, HostKind, HostReport } from "../protocol/fleet.ts";
import type { RunPlan } from "../protocol/run-plan.ts";

/** Agent to host. */
export type ToHost =
  | {
      type: "start";
      name: string;
      kind: HostKind;
      plan: RunPlan;
      /** Address to listen on for VUs. */
      listenHost: string;
      /** Run start on the monotonic clock of this machine. */
      runStartMs: number;
      wallOffsetMs: number;
      /** HS256 key of the room server's tokens, base64url. */
      tokenSecret: string;
      cacheDirectory: string;
    }
  /** The stage's account of what it sent, for the audience. */
  | { type: "sent"; batches: SentBatch[] }
  /** End what still goes on, and report. */
  | { type: "end" };

/** Numbers for live progress; those of several hosts add up. */
export type HostProgress = {
  joined: number;
  failed: number;
  left: number;
  speaking: number;
  sent: number;
  expected: number;
  received: number;
  lost: number;
  mouthToEarP95Seconds: number | null;
  failure: string | null;
  /** The stage's, once its host chirps. */
  chirps: ChirpSchedule | null;
  histograms: Partial<Record<ScrapedFigure, CoarseHistogram>>;
};

/** Host to agent. */
export type FromHost =
  | { type: "listening"; url: string }
  | { type: "failed"; code: string; message: string; hint: string | undefined }
  | { type: "sent"; batches: SentBatch[] }
  | { type: "progress"; progress: HostProgress }
  | { type: "report"; report: HostReport };
