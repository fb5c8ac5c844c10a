import { SignallingConnection } from "../participant/signalling-connection.ts";

const attemptMs = 5000;

/**
 * Why nobody can reach a room server: its address refuses, is not known, or answers as no WebSocket server would.
 * Undefined when it takes connections, and when it does not answer in time: that is for participants to find,
 * and may be our own slowness.
 */
export async function whyUnreachable(url: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(attemptMs);
  try {
    const connection = await SignallingConnection.open(
      url,
      { event: () => undefined, closed: () => undefined },
      signal,
    );
    connection.close();
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    // Node says nothing but the code where several addresses of a name refused.
    const { message, code } = cause as NodeJS.ErrnoException;
    return message === "" ? (code ?? "no connection") : message;
  }
}
