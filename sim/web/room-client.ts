import { maxAudiencePage } from "../protocol/moderation.ts";
import { signallingVersion, type JoinAnswer, type Member, type Role } from "../protocol/signalling.ts";
import { ClientError, explain } from "./errors.ts";
import type { Invitation } from "./invitation.ts";
import type { MemberKeys, SealedOut } from "./keys.ts";
import type { RoomMedia } from "./media.ts";
import { qualityBetween } from "./quality.ts";
import { Requests } from "./requests.ts";
import { routeEvent } from "./route-event.ts";
import { SignallingSocket, type AnyEvent, type Ask, type SocketLike } from "./signalling.ts";
import { noStats, type MediaStats } from "./stats.ts";
import { onStage, type OverReason } from "./state.ts";
import type { Store } from "./store.ts";

/** Between two attempts to come back, from the first; the last one again and again. */
const retryMs = [200, 500, 1000, 2000, 4000];
/** How often one looks at who listens, which the server tells the host alone; a large room has enough to do. */
const pollMs = { small: 2500, large: 15_000 };
const largeAudience = 100;
const statsMs = 2000;
const audiencePage = 60;

export type RoomClientOptions = {
  store: Store;
  /** A ticket for a token (`POST /api/tickets`); rejects with a ClientError. */
  fetchTicket(token: string): Promise<string>;
  openSocket(): SocketLike;
  createMedia(options: { ask: Ask; onMicrophoneLost(): void; onError(error: unknown): void }): RoomMedia;
  createKeys(options: {
    relay(messages: SealedOut[]): Promise<void>;
    onError(error: unknown): void;
  }): MemberKeys;
  /** Resolves after so long. */
  pause(ms: number): Promise<void>;
};

type Stay = {
  readonly invitation: Invitation;
  readonly media: RoomMedia;
  readonly keys: MemberKeys;
  resumeToken: string | undefined;
  /** In the room, past the lobby. */
  entered: boolean;
};

/** One person's way through a room: in, perhaps by the lobby, back after a cut, and out. */
export class RoomClient {
  readonly requests: Requests;
  readonly #options: RoomClientOptions;
  #socket: SignallingSocket | undefined;
  #stay: Stay | undefined;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #statsTimer: ReturnType<typeof setInterval> | undefined;
  #stats: MediaStats = noStats;

  constructor(options: RoomClientOptions) {
    this.#options = options;
    this.requests = new Requests({
      store: options.store,
      ask: (name, body) => this.#ask(name, body),
      media: () => this.#stay?.media,
      placed: (place) => {
        this.#placed(place);
      },
      refresh: () => this.#poll(),
    });
  }

  /** Comes in, or to the lobby. Never rejects: the state says what went wrong. */
  async join(invitation: Invitation): Promise<void> {
    const { store } = this.#options;
    if (this.#stay !== undefined) return;
    store.dispatch({ type: "join-begun" });
    const stay = this.#begin(invitation);
    try {
      await this.#comeIn(stay);
    } catch (error) {
      if (this.#stay !== stay) return;
      this.#drop();
      store.dispatch({ type: "join-failed", problem: explain(error) });
    }
  }

  /** Leaves in good order. */
  async leave(): Promise<void> {
    if (this.#stay === undefined) return;
    await this.#ask("leave", {}).catch(() => undefined);
    this.#end("left");
  }

  /** The media's statistics, taken now. */
  async stats(): Promise<MediaStats> {
    return (await this.#stay?.media.stats()) ?? noStats;
  }

  readonly #ask: Ask = (name, body) =>
    this.#socket === undefined
      ? Promise.reject(new ClientError("disconnected", "there is no connection to the server"))
      : this.#socket.ask(name, body);

  #begin(invitation: Invitation): Stay {
    const { store, createMedia, createKeys } = this.#options;
    const stay: Stay = {
      invitation,
      media: createMedia({
        ask: this.#ask,
        onMicrophoneLost: () => {
          store.dispatch({ type: "microphone", microphone: "failed" });
          store.dispatch({ type: "notice", tone: "bad", text: "The microphone is gone." });
        },
        onError: (error) => {
          this.#tellFailure(error);
        },
      }),
      keys: createKeys({
        relay: async (messages) => {
          await this.#ask("relay", { messages });
        },
        onError: (error) => {
          this.#tellFailure(error);
        },
      }),
      resumeToken: undefined,
      entered: false,
    };
    this.#stay = stay;
    return stay;
  }

  async #comeIn(stay: Stay): Promise<void> {
    const { store, fetchTicket } = this.#options;
    const ticket = await fetchTicket(stay.invitation.token);
    await this.#connect(stay);
    const answer = await this.#ask("join", {
      version: signallingVersion,
      ticket,
      publicKey: stay.keys.publicKey,
      resumable: true,
      speakers: true,
    });
    if (answer.waiting === true) store.dispatch({ type: "joined", answer, name: stay.invitation.name });
    else await this.#enter(stay, answer);
  }

  async #connect(stay: Stay): Promise<void> {
    this.#socket?.close();
    this.#socket = await SignallingSocket.open(this.#options.openSocket(), {
      event: (event) => {
        if (this.#stay === stay) this.#event(stay, event);
      },
      closed: (reason) => {
        if (this.#stay !== stay) return;
        if (reason.shouldRetry()) void this.#comeBack(stay);
        else this.#fail(reason);
      },
    });
    if (this.#stay !== stay) this.#socket.close();
  }

  async #enter(stay: Stay, answer: JoinAnswer): Promise<void> {
    const { store } = this.#options;
    stay.resumeToken = answer.resumeToken;
    stay.entered = true;
    store.dispatch({ type: "joined", answer, name: stay.invitation.name });
    stay.keys.joined(answer);
    const streams = await stay.media.begin(answer);
    if (this.#stay !== stay) return;
    store.dispatch({ type: "streams", streams });
    this.#statsTimer = setInterval(() => void this.#takeStats(), statsMs);
    void this.#pollAgain(stay);
  }

  /** Gives up a connection, and comes back over another. */
  #cut(): void {
    const stay = this.#stay;
    if (stay === undefined || this.#options.store.state.connection === "reconnecting") return;
    this.#socket?.close();
    void this.#comeBack(stay);
  }

  /** The connection was cut: takes up the place that the server keeps, or else joins anew. */
  async #comeBack(stay: Stay): Promise<void> {
    const { store, pause } = this.#options;
    store.dispatch({ type: "connection-lost" });
    for (let attempt = 0; this.#stay === stay; attempt++) {
      await pause(retryMs[Math.min(attempt, retryMs.length - 1)] ?? 0);
      if (this.#stay !== stay) return;
      try {
        await this.#resume(stay);
        return;
      } catch (error) {
        if (error instanceof ClientError && error.shouldRetry()) continue;
        if (this.#stay !== stay) return;
        if (!(error instanceof ClientError && error.code === "cannot-resume")) {
          this.#fail(error);
          return;
        }
        this.#drop();
        await this.join(stay.invitation);
        return;
      }
    }
  }

  async #resume(stay: Stay): Promise<void> {
    const { store } = this.#options;
    if (stay.resumeToken === undefined) {
      // From the lobby there is no coming back but from the start.
      throw new ClientError("cannot-resume", "there is no place to come back to");
    }
    await this.#connect(stay);
    const answer = await this.#ask("resume", {
      version: signallingVersion,
      resumeToken: stay.resumeToken,
    });
    stay.resumeToken = answer.resumeToken;
    store.dispatch({ type: "resumed", answer });
    stay.keys.resumed(answer);
    this.#agreeOnMuting(stay, answer.published);
    store.dispatch({ type: "streams", streams: await stay.media.resumed(answer) });
  }

  /** While we were away somebody may have muted us, or our own muting was not heard. */
  #agreeOnMuting({ media }: Stay, published: readonly { paused: boolean }[]): void {
    const { store } = this.#options;
    const { microphone } = store.state;
    if (microphone === "live" && published.some(({ paused }) => paused)) {
      media.pause();
      store.dispatch({ type: "microphone", microphone: "muted" });
    } else if (microphone === "muted" && published.some(({ paused }) => !paused)) {
      void this.requests.mute();
    }
  }

  /** Our own role and seat have changed by an answer. */
  #placed({ role, seat }: { role: Role; seat: number | null }): void {
    const stay = this.#stay;
    stay?.keys.placed(role, seat, null);
    if (stay === undefined || seat === null) return;
    this.#learnAudience(stay).catch((error: unknown) => {
      this.#tellFailure(error);
    });
  }

  /** Who comes to the stage may have to deal keys one day, and so must know all that listen; from then on it is told. */
  async #learnAudience(stay: Stay): Promise<void> {
    const members: Member[] = [];
    for (let isMore = true; isMore && this.#stay === stay;) {
      const page = await this.#ask("listAudience", { offset: members.length, limit: maxAudiencePage });
      members.push(...page.members);
      isMore = page.members.length > 0 && members.length < page.total;
    }
    if (this.#stay !== stay || !onStage(this.#options.store.state)) return;
    for (const member of members) stay.keys.memberHere(member);
    this.#options.store.dispatch({ type: "audience", page: { members, total: members.length } });
  }

  #event(stay: Stay, event: AnyEvent): void {
    const { store } = this.#options;
    const { media, keys } = stay;
    routeEvent(event, {
      store,
      media,
      keys,
      admitted: (answer) => this.#enter(stay, answer),
      removed: (reason) => {
        this.#end(reason);
      },
      onError: (error) => {
        this.#tellFailure(error);
      },
    });
  }

  async #pollAgain(stay: Stay): Promise<void> {
    await this.#poll();
    if (this.#stay !== stay) return;
    const isLarge = this.#options.store.state.audience.total > largeAudience;
    this.#pollTimer = setTimeout(() => void this.#pollAgain(stay), isLarge ? pollMs.large : pollMs.small);
  }

  async #poll(): Promise<void> {
    const { store } = this.#options;
    if (this.#stay?.entered !== true || store.state.connection === "reconnecting") return;
    try {
      const [page, info] = await Promise.all([
        this.#ask("listAudience", { offset: 0, limit: audiencePage }),
        this.#ask("roomInfo", {}),
      ]);
      // On the stage one is told of each listener; a page could be older than that.
      if (!onStage(store.state)) store.dispatch({ type: "audience", page });
      store.dispatch({ type: "info", info });
    } catch (error) {
      // A network that is gone says nothing: the connection looks alive and is silent.
      if (error instanceof ClientError && error.code === "unreachable") this.#cut();
    }
  }

  async #takeStats(): Promise<void> {
    const before = this.#stats;
    this.#stats = await this.stats();
    this.#options.store.dispatch({ type: "quality", quality: qualityBetween(before, this.#stats) });
  }

  #tellFailure(error: unknown): void {
    this.#options.store.dispatch({ type: "notice", tone: "bad", text: explain(error) });
  }

  /** What cannot be come back from. */
  #fail(error: unknown): void {
    this.#end("disconnected");
    this.#tellFailure(error);
  }

  #end(reason: OverReason): void {
    this.#drop();
    this.#options.store.dispatch({ type: "over", reason });
  }

  #drop(): void {
    clearTimeout(this.#pollTimer);
    clearInterval(this.#statsTimer);
    this.#stay?.media.close();
    this.#stay?.keys.close();
    this.#stay = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.#stats = noStats;
  }
}
