import type { SignallingErrorCode } from "../protocol/signalling.ts";
import { SoundcheckError } from "../util/errors.ts";

/** A request that is answered by an error: its code and message go to the client as they are. */
export class RequestError extends SoundcheckError {
  override name = "RequestError";
  declare readonly code: SignallingErrorCode;
  /** From when on another try may do, in milliseconds; undefined: no telling. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: SignallingErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An error as the client is told of it. */
export type WireError = { code: SignallingErrorCode; message: string; retryAfterMs?: number };

/** What goes to the client for an error: a request's own fault in full, a fault of ours without details. */
export function wireError(error: unknown): WireError {
  if (!(error instanceof RequestError)) return { code: "internal", message: "the server failed to do this" };
  const { code, message, retryAfterMs } = error;
  return retryAfterMs === undefined ? { code, message } : { code, message, retryAfterMs };
}
