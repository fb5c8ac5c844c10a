import Fastify, { type FastifyInstance } from "fastify";
import { runPlanSchema } from "../protocol/run-plan.ts";
import { systemClock, type Clock } from "../util/clock.ts";
import { SetupError, SoundcheckError } from "../util/errors.ts";
import { agentMetrics } from "./agent-metrics.ts";
import { AgentRun } from "./agent-run.ts";

export type AgentOptions = {
  /** Where k6 and the run command reach the agent. */
  listen: { host: string; port: number };
  /** Host processes for the audience; several cost more than one a packet, so 1 until one core is not enough. */
  audienceHosts: number;
  /** HS256 secret of the room server's tokens. */
  tokenSecret: Uint8Array;
  /** Where the speech corpus is kept. */
  cacheDirectory: string;
  clock?: Clock;
};

type State = { run: AgentRun | undefined; closed: boolean };

/** The fleet agent: takes a run plan, hosts its participants, answers for what they heard. One run at a time. */
export class Agent {
  readonly url: string;
  readonly #http: FastifyInstance;
  readonly #state: State;

  private constructor(http: FastifyInstance, state: State, url: string) {
    this.#http = http;
    this.#state = state;
    this.url = url;
  }

  /** Throws a SetupError `port-in-use`. */
  static async create(options: AgentOptions): Promise<Agent> {
    const clock = options.clock ?? systemClock;
    const state: State = { run: undefined, closed: false };
    const http = Fastify({ logger: false, forceCloseConnections: true });
    routes(http, state, { ...options, clock });
    try {
      await http.listen(options.listen);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") throw cause;
      throw new SetupError("port-in-use", `port ${options.listen.port} of ${options.listen.host} is in use`, {
        hint: "end what listens there (ss -ltnp shows it), or choose another by --port",
        cause,
      });
    }
    const address = http.server.address();
    if (address === null || typeof address === "string") throw new Error("Agent: not listening on a port");
    const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return new Agent(http, state, `http://${host}:${address.port}`);
  }

  async close(): Promise<void> {
    if (this.#state.closed) return;
    this.#state.closed = true;
    this.#state.run?.close();
    await this.#http.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function routes(http: FastifyInstance, state: State, options: AgentOptions & { clock: Clock }): void {
  let starting = false;
  const metrics = agentMetrics({
    progress: () => state.run?.progress(),
    histograms: () => state.run?.histograms() ?? {},
  });
  const problem = (code: string, message: string): { error: { code: string; message: string } } => ({
    error: { code, message },
  });

  http.get("/healthz", () => ({ ok: true, run: state.run?.plan.runId ?? null }));
  http.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );

  http.post("/runs", async (request, reply) => {
    const plan = runPlanSchema.safeParse(request.body);
    if (!plan.success) {
      const what = plan.error.issues
        .map(({ path, message }) => `${path.join(".") || "plan"}: ${message}`)
        .join("; ");
      return reply.code(400).send(problem("bad-plan", `the run plan does not fit: ${what}`));
    }
    if (starting) return reply.code(409).send(problem("busy", "another run is being started"));
    starting = true;
    try {
      state.run?.close();
      state.run = undefined;
      const run = await AgentRun.start({ ...options, listenHost: options.listen.host, plan: plan.data });
      if (state.closed) {
        run.close();
        return await reply.code(503).send(problem("closed", "the agent is closed"));
      }
      state.run = run;
      return await reply.code(201).send(run.handle);
    } catch (error) {
      if (!(error instanceof SoundcheckError)) throw error;
      return await reply.code(500).send(problem(error.code, error.message));
    } finally {
      starting = false;
    }
  });

  http.get<{ Params: { id: string } }>("/runs/:id", (request, reply) => {
    if (state.run?.plan.runId !== request.params.id)
      return reply.code(404).send(problem("no-run", "no such run"));
    return reply.send(state.run.progress());
  });

  http.get("/runs", () => ({ runs: state.run === undefined ? [] : [state.run.plan.runId] }));

  http.post<{ Params: { id: string } }>("/runs/:id/end", async (request, reply) => {
    const { run } = state;
    if (run?.plan.runId !== request.params.id) return reply.code(404).send(problem("no-run", "no such run"));
    return reply.send(await run.end());
  });
}
