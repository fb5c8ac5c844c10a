import { mintToken } from "../protocol/token.ts";
import type { EventBody, EventName, JoinAnswer, RequestBody } from "../protocol/signalling.ts";
import { signallingVersion } from "../protocol/signalling.ts";
import { audioExtensions, opusPayloadType } from "../audio/rtp.ts";
import { fromBase64Url, toBase64Url } from "../util/bytes.ts";
import { systemClock } from "../util/clock.ts";
import { SessionError } from "./errors.ts";
import { ResumingConnection, type ResumingHandlers } from "./resuming-connection.ts";
import { RoomView } from "./room-view.ts";
import {
  dtlsParametersOf,
  type JoinOptions,
  type PublishOptions,
  type RemoteTransport,
  type Target,
  type TargetEvents,
  type TargetSession,
} from "./target.ts";

/** mediasoup's RTP parameters for one Opus stream as our speakers send it (no nack: node-datachannel would not answer it). */
function opusRtpParameters({ ssrc, cname }: PublishOptions): {
  mid: string;
  codecs: { mimeType: string; payloadType: number; [key: string]: unknown }[];
  headerExtensions: { uri: string; id: number }[];
  encodings: { ssrc: number; dtx: boolean }[];
  rtcp: { cname: string };
} {
  return {
    mid: "0",
    codecs: [
      {
        mimeType: "audio/opus",
        payloadType: opusPayloadType,
        clockRate: 48_000,
        channels: 2,
        parameters: { usedtx: 1, useinbandfec: 1 },
        rtcpFeedback: [],
      },
    ],
    headerExtensions: Object.values(audioExtensions).map(({ uri, id }) => ({ uri, id })),
    encodings: [{ ssrc, dtx: true }],
    rtcp: { cname },
  };
}

const tokenLifetimeSeconds = 3600;
/** A server that has not answered a leave by then is left without an answer. */
const leaveTimeoutMs = 4000;

/** Our own room server as a target; its participants keep their places across outages of the signalling. */
export function createSoundcheckTarget(options: {
  url: string;
  room: string;
  tokenSecret: Uint8Array;
}): Target {
  return {
    async join(join: JoinOptions, events: TargetEvents): Promise<TargetSession> {
      const token = await mintToken(
        options.tokenSecret,
        { sub: join.accountId, room: options.room, role: join.role, name: join.name },
        tokenLifetimeSeconds,
      );
      const session = new Session(join, events);
      const connection = await ResumingConnection.open({
        url: options.url,
        clock: systemClock,
        handlers: session.handlers,
        signal: join.signal,
      });
      try {
        const body: RequestBody<"join"> = {
          version: signallingVersion,
          token,
          resumable: true,
          ...(join.publicKey === undefined ? {} : { publicKey: toBase64Url(join.publicKey) }),
          transport: { direction: join.direction, dtlsParameters: dtlsParametersOf(join.fingerprint) },
        };
        const answer = await connection.request("join", body, join.signal, (placed) => {
          connection.keepPlace(placed.resumeToken);
          session.placed(placed);
        });
        const { transport } = answer;
        if (transport === undefined)
          throw new SessionError("protocol", "the answer to join has no transport");
        return session.over(connection, { ...answer, transport });
      } catch (error) {
        connection.close();
        throw error;
      }
    },
  };
}

/** One participant's session, as it lasts from connection to connection. */
class Session {
  readonly #join: JoinOptions;
  readonly #events: TargetEvents;
  #view: RoomView | undefined;
  #transportId = "";
  #removed: string | undefined;

  constructor(join: JoinOptions, events: TargetEvents) {
    this.#join = join;
    this.#events = events;
  }

  get handlers(): ResumingHandlers {
    return {
      event: (name, body) => {
        this.#view?.note(name, body);
        if (name === "removed") this.#removed = (body as EventBody<"removed">).reason;
        else dispatch(this.#events, name, body);
      },
      away: () => {
        this.#events.away();
      },
      back: (answer, awayMs) => {
        this.#view?.resync(answer, this.#events);
        this.#events.back(awayMs);
        const kept = answer.transports.some(({ transportId }) => transportId === this.#transportId);
        if (!kept) this.#events.mediaLost();
      },
      lost: ({ message }) => {
        if (this.#removed === undefined) this.#events.ended({ kind: "disconnected", message });
        else this.#events.ended({ kind: "removed", message: `removed by the server: ${this.#removed}` });
      },
      isOver: () => this.#removed !== undefined,
    };
  }

  placed(answer: JoinAnswer): void {
    this.#view = new RoomView(answer);
    this.#transportId = answer.transport?.transportId ?? "";
  }

  over(connection: ResumingConnection, answer: JoinAnswer & { transport: RemoteTransport }): TargetSession {
    const { direction } = this.#join;
    return {
      participantId: answer.participantId,
      roomId: answer.roomId,
      seat: answer.seat,
      stage: answer.stage,
      audience: answer.audience ?? [],
      transport: answer.transport,
      streams: answer.streams ?? [],
      peer: connection.peer,
      publish: (publish) =>
        connection.request("publish", {
          transportId: this.#transportId,
          rtpParameters: opusRtpParameters(publish),
          ...(publish.streamId === undefined ? {} : { streamId: publish.streamId }),
        }),
      reconnect: async (fingerprint, signal) => {
        const opened = await connection.request(
          "openTransport",
          { direction, dtlsParameters: dtlsParametersOf(fingerprint) },
          signal,
          ({ transportId }) => {
            this.#transportId = transportId;
          },
        );
        if (direction === "send") return { transport: opened, streams: [] };
        const { transportId } = opened;
        const { streams } = await connection.request("subscribe", { transportId }, signal, (subscribed) => {
          this.#view?.replaceStreams(subscribed.streams);
        });
        return { transport: opened, streams };
      },
      relay: async (messages) => {
        await connection.requestAcross("relay", {
          messages: messages.map(({ to, sealed }) => ({ to, sealed: toBase64Url(sealed) })),
        });
      },
      leave: async () => {
        try {
          await connection.requestAcross("leave", {}, AbortSignal.timeout(leaveTimeoutMs));
        } finally {
          connection.end();
        }
      },
      close: () => {
        connection.close();
      },
    };
  }
}

function dispatch(events: TargetEvents, name: EventName, body: EventBody<EventName>): void {
  switch (name) {
    case "memberJoined":
      events.memberJoined((body as EventBody<"memberJoined">).member);
      break;
    case "memberLeft":
      events.memberLeft((body as EventBody<"memberLeft">).participantId);
      break;
    case "memberChanged":
      events.memberChanged((body as EventBody<"memberChanged">).member);
      break;
    case "streamAdded":
      events.streamAdded((body as EventBody<"streamAdded">).stream);
      break;
    case "streamRemoved":
      events.streamRemoved((body as EventBody<"streamRemoved">).consumerId);
      break;
    case "streamPaused": {
      const { consumerId, paused } = body as EventBody<"streamPaused">;
      events.streamPaused(consumerId, paused);
      break;
    }
    case "sealed": {
      const { from, sealed } = body as EventBody<"sealed">;
      events.sealed(from, fromBase64Url(sealed));
      break;
    }
    case "transportState": {
      const { ice, dtls } = body as EventBody<"transportState">;
      events.transportState({ ice, dtls });
      break;
    }
    case "mediaRestart":
      events.mediaLost();
      break;
    case "removed":
    // A simulated participant takes no part in what these are about.
    case "admitted":
    case "draining":
    case "handLowered":
    case "handsChanged":
    case "lobby":
    case "memberAway":
    case "memberBack":
    case "muted":
    case "roleChanged":
    case "roomChanged":
    case "speakers":
    case "stageDeclined":
    case "stageInvitation":
    case "unmuteAsked":
      break;
  }
}
