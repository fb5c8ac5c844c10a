import type { Transport, TransportOptions } from "mediasoup-client/types";
import type { IceServer, TransportParameters } from "../protocol/signalling.ts";
import type { Ask } from "./signalling.ts";

/** The server's transport as mediasoup-client takes it: the names are the same. */
export function transportOptions(
  { transportId, iceParameters, iceCandidates, dtlsParameters }: TransportParameters,
  iceServers: IceServer[] | undefined,
): TransportOptions {
  return {
    id: transportId,
    iceParameters: iceParameters as TransportOptions["iceParameters"],
    iceCandidates: iceCandidates as unknown as TransportOptions["iceCandidates"],
    dtlsParameters: dtlsParameters as TransportOptions["dtlsParameters"],
    ...(iceServers === undefined ? {} : { iceServers }),
  };
}

/** A connection that is back by itself after so long needs no help. */
const disconnectedForMs = 2000;

/** Tells the server our side of DTLS once it is known, and has ICE done anew when the connection is gone. */
export function connectBy(transport: Transport, ask: Ask): void {
  const mend = (): void => {
    // Where that is refused the server has lost the transport, and says so itself (`mediaRestart`).
    restartIce(transport, ask).catch(() => undefined);
  };
  transport.on("connectionstatechange", (state) => {
    if (state === "failed") mend();
    if (state !== "disconnected") return;
    setTimeout(() => {
      if (transport.connectionState === "disconnected") mend();
    }, disconnectedForMs);
  });
  transport.on("connect", ({ dtlsParameters }, done, failed) => {
    void settle(ask("connectTransport", { transportId: transport.id, dtlsParameters }), done, failed);
  });
}

/** Brings a transport back whose network has changed. */
export async function restartIce(transport: Transport, ask: Ask): Promise<void> {
  const { iceParameters } = await ask("restartIce", { transportId: transport.id });
  await transport.restartIce({ iceParameters: iceParameters as TransportOptions["iceParameters"] });
}

/** mediasoup-client is answered by callbacks. */
export async function settle<Answer>(
  asked: Promise<Answer>,
  done: (answer: Answer) => void,
  failed: (error: Error) => void,
): Promise<void> {
  try {
    done(await asked);
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)));
  }
}
