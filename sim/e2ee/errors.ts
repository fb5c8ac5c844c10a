import { SoundcheckError } from "../util/errors.ts";

/** Misuse or breakdown of encryption on our own side. What comes from outside is refused by a value, never by this. */
export class E2eeError extends SoundcheckError {
  override name = "E2eeError";

  constructor(code: string, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(code, message, options);
  }
}
