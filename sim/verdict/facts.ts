/** What a verdict is made of: all that was observed of a run, from outside and from within. */
import type { FailureCause } from "../protocol/fleet.ts";
import type { HarnessLimit, JudgedThreshold } from "../protocol/result.ts";
import type { LossSecond } from "./loss-intervals.ts";

/** What the harness saw with its own eyes of the system under test, participants apart. */
export type SystemFailure =
  /** A process of the system ended that was not asked to, and before any interrupt. */
  | { kind: "exited"; what: string; how: string; atSecond: number | null }
  /** The harness's own connection to the signalling address was refused or timed out. */
  | { kind: "unreachable"; address: string; detail: string };

export type VerdictFacts = {
  /** Null while the system stands, and where it runs elsewhere and cannot be watched. */
  systemFailure: SystemFailure | null;
  /** Whether a person or a signal ended the run before its time. */
  interrupted: boolean;
  /** Host and speakers on the stage, listeners in the audience. */
  planned: { stage: number; audience: number };
  joined: { stage: number; audience: number };
  /** Over all hosts, one entry a cause and message. */
  failures: readonly { cause: FailureCause; message: string; count: number }[];
  /** False where k6's VUs are the clients, without media and without host processes. */
  media: boolean;
  /** Real browsers: how many there were to be, how many joined, heard and left, and what the others said; null: none. */
  browsers: { planned: number; started: number; ok: number; problems: readonly string[] } | null;
  /** False for a plan in which nobody ever speaks. */
  talkPlanned: boolean;
  /** Over all hosts. `heard`: received, and not refused by SFrame. */
  packets: { sent: number; expected: number; received: number; heard: number };
  /** Listeners who heard not one frame, though somebody spoke while they were there; their names, those of some. */
  deaf: { count: number; names: readonly string[] };
  /** Whom keys were dealt to though the run seated nobody of that name; some of them. */
  strangers: readonly string[];
  /** The room, second by second. */
  seconds: readonly LossSecond[];
  /** The longest that any host process's event loop was held up, in seconds; null when not measured. */
  longestStallSeconds: number | null;
  /** Host processes by name: those that the run had, and those whose report came. */
  hosts: { expected: readonly string[]; reported: readonly string[] };
  /** How the agent ended before it was asked to, such as `was killed by SIGKILL`; null while it stood. */
  agentDeath: string | null;
  k6: {
    /** Null when k6 was killed or never started. */
    exitCode: number | null;
    /** The end of what it wrote to stderr; may be empty. */
    detail: string;
    /** What the script threw in an iteration, if it did; k6 goes on and ends with 0. */
    exception: string | null;
    /** Whether its summary was there to read. */
    summary: boolean;
    /** See `abortedByThreshold` in judge.ts. */
    abortedByThreshold: boolean;
  };
  limits: readonly HarnessLimit[];
  thresholds: readonly JudgedThreshold[];
};
