import { z } from "zod";
import { ClientError } from "./errors.ts";
import type { StageStatus } from "../e2ee/keys/stage-keys.ts";
import { FrameGuard, type FrameCounts } from "./frame-guard.ts";
import { RoomKeys } from "./keys.ts";
import { Media } from "./media.ts";
import { RoomClient } from "./room-client.ts";
import { errorCodes } from "../protocol/signalling.ts";
import type { Sounds } from "./sounds.ts";
import type { Store } from "./store.ts";

const ticketSchema = z.object({ ticket: z.string() });
const refusalSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    retryAfterMs: z.number().optional(),
  }),
});

/** The room's client with all that a browser gives it. */
export function createClient(store: Store, sounds: Sounds): RoomClient {
  let guard: FrameGuard | undefined;
  return new RoomClient({
    store,
    fetchTicket,
    openSocket: () => new WebSocket(new URL("/room", location.href.replace(/^http/, "ws"))),
    createMedia: ({ ask, onMicrophoneLost, onError }) => {
      // Keys, counters and counts are those of one stay.
      guard?.close();
      guard = new FrameGuard((counts) => {
        tellCounts(store, counts);
      });
      return new Media({ ask, guard, sounds, onMicrophoneLost, onError });
    },
    createKeys: ({ relay, onError }) =>
      new RoomKeys({
        now: () => performance.now(),
        unixMs: () => performance.timeOrigin + performance.now(),
        toWorker: (message) => guard?.tell(message),
        relay,
        onStatus: (status, generation) => {
          tellStatus(store, status, generation);
        },
        onError,
      }),
    pause: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, ms);
      }),
  });
}

function tellStatus(store: Store, status: StageStatus, generation: number | null): void {
  const { safetyNumber, isDealer, isImpersonated, differences } = status;
  store.dispatch({
    type: "encryption",
    encryption: {
      safetyNumber,
      isDealer,
      isImpersonated,
      unannounced: differences?.unannounced ?? [],
      ...(generation === null ? {} : { generation }),
    },
  });
}

function tellCounts(store: Store, { sealed, opened, refused }: FrameCounts): void {
  store.dispatch({ type: "encryption", encryption: { sealed, opened, refused } });
}

/** A token goes into a header, and is in no message and no address. */
async function fetchTicket(token: string): Promise<string> {
  if (!FrameGuard.isSupported)
    throw new ClientError("unsupported", "this browser cannot encrypt what you say: use a newer one");
  let response: Response;
  let body: unknown;
  try {
    response = await fetch("/api/tickets", { method: "POST", headers: { authorization: `Bearer ${token}` } });
    body = await response.json();
  } catch (cause) {
    throw new ClientError("unreachable", "the server cannot be reached", { cause });
  }
  const ticket = ticketSchema.safeParse(body);
  if (response.ok && ticket.success) return ticket.data.ticket;
  const refusal = refusalSchema.safeParse(body);
  if (!refusal.success) throw new ClientError("protocol", "no ticket, and no reason");
  const { code, message, retryAfterMs } = refusal.data.error;
  const known = errorCodes.find((one) => one === code);
  throw new ClientError(known ?? "protocol", message, retryAfterMs === undefined ? {} : { retryAfterMs });
}
