import { z } from "zod";
import { agentReportSchema, progressSchema, type AgentReport, type Progress } from "../protocol/fleet.ts";

const runsSchema = z.object({ runs: z.array(z.string()) });

/** The run's view of the agent that hosts its participants. */
export class AgentClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Undefined when the agent does not answer, or the run has not begun. */
  async progress(runId: string): Promise<Progress | undefined> {
    const answer = await this.#ask(`/runs/${runId}`, { method: "GET" }, 2000);
    const parsed = progressSchema.safeParse(answer);
    return parsed.success ? parsed.data : undefined;
  }

  async hasRun(runId: string): Promise<boolean> {
    const parsed = runsSchema.safeParse(await this.#ask("/runs", { method: "GET" }, 2000));
    return parsed.success && parsed.data.runs.includes(runId);
  }

  /** Ends the run; undefined when there is no report to be had. */
  async end(runId: string): Promise<AgentReport | undefined> {
    const parsed = agentReportSchema.safeParse(
      await this.#ask(`/runs/${runId}/end`, { method: "POST" }, 30_000),
    );
    return parsed.success ? parsed.data : undefined;
  }

  async #ask(path: string, init: RequestInit, timeoutMs: number): Promise<unknown> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        ...init,
        signal: AbortSignal.timeout(timeoutMs),
      });
      return response.ok ? await response.json() : undefined;
    } catch {
      return undefined;
    }
  }
}
