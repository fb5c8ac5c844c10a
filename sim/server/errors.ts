import type { SignallingErrorCode } from "../protocol/signalling.ts";
import { SoundcheckError } from "../util/errors.ts";

/** A request that is answered by an error: its code and message go to the client as they are. */
export class RequestError extends SoundcheckError {
  override name = "RequestError";
  declare readonly code: SignallingErrorCode;

  constructor(code: SignallingErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options);
  }
}

/** What goes to the client for an error: a request's own fault in full, a fault of ours without details. */
export function wireError(error: unknown): { code: SignallingErrorCode; message: string } {
  if (error instanceof RequestError) return { code: error.code, message: error.message };
  return { code: "internal", message: "the server failed to do this" };
}
