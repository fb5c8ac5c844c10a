import type { FailureCause } from "../protocol/fleet.ts";
import { SoundcheckError } from "../util/errors.ts";

/** Why a participant's session could not begin or broke. */
export class SessionError extends SoundcheckError {
  override name = "SessionError";
  readonly failure: FailureCause;

  constructor(failure: FailureCause, message: string, options: { cause?: unknown } = {}) {
    super(`session-${failure}`, message, options);
    this.failure = failure;
  }
}

/** Of media that the system under test lost before a join was through. */
export function lostWhileJoining(): SessionError {
  return new SessionError("disconnected", "the server lost the media while it was joined");
}

export function toSessionError(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new SessionError("harness", message, { cause: error });
}
