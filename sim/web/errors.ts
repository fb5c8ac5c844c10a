import type { SignallingErrorCode } from "../protocol/signalling.ts";

export type ClientErrorCode =
  | SignallingErrorCode
  /** No connection, or no answer in time. */
  | "unreachable"
  /** The connection went before the answer came. */
  | "disconnected"
  /** What the server sent does not fit the protocol. */
  | "protocol"
  /** The browser has no microphone for us, or lacks what the room needs. */
  | "microphone"
  | "unsupported";

/** Why something that the page wanted did not happen. */
export class ClientError extends Error {
  override name = "ClientError";
  readonly code: ClientErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether the same may succeed later, without anybody doing anything else. */
  shouldRetry(): boolean {
    return this.code === "unreachable" || this.code === "disconnected" || this.code === "too-many-requests";
  }
}

/** What to tell a person about a failure. */
export function explain(error: unknown): string {
  if (!(error instanceof ClientError)) return "Something in this page failed. Reload it and try again.";
  const known: Partial<Record<ClientErrorCode, string>> = {
    "bad-token": "This link is not valid any more. Ask for a new one.",
    banned: "You are banned from this room.",
    "room-full": "The room is full. Try again when somebody has left.",
    "room-locked": "The room is locked: nobody new is let in.",
    "room-ended": "The room has ended.",
    "not-invited": "Only those invited are let into this room.",
    "server-shutdown": "The server is about to stop and lets nobody in.",
    unreachable: "The server cannot be reached. Check your connection.",
    disconnected: "The connection was lost.",
    protocol: "The server and this page do not understand each other. Reload the page.",
  };
  return known[error.code] ?? sentence(error.message);
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
