import type { Role } from "../protocol/signalling.ts";
import type { RoomChange } from "../protocol/room.ts";
import { ClientError, explain } from "./errors.ts";
import type { RoomMedia } from "./media.ts";
import type { Ask } from "./signalling.ts";
import { nameOf } from "./state.ts";
import type { Store } from "./store.ts";

/** What somebody does to somebody else, by one click. */
export type ActOnMember =
  | "inviteToStage"
  | "moveToAudience"
  | "muteParticipant"
  | "askToUnmute"
  | "kick"
  | "ban"
  | "grantModerator"
  | "revokeModerator"
  | "handOverHost"
  | "inviteToRoom";

type RequestsOptions = {
  store: Store;
  ask: Ask;
  media(): RoomMedia | undefined;
  /** Our own role or seat has changed by an answer. */
  placed(place: { role: Role; seat: number | null }): void;
  /** Looks anew at who is there. */
  refresh(): Promise<void>;
};

/** What a person can ask for in a room. None rejects: a refusal is told as a notice, and answered by false. */
export class Requests {
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  raiseHand(): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      await ask("raiseHand", {});
      store.dispatch({ type: "hand", raised: true });
    });
  }

  lowerHand(participantId?: string): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      await ask("lowerHand", participantId === undefined ? {} : { participantId });
      if (participantId === undefined) store.dispatch({ type: "hand", raised: false });
    });
  }

  acceptStage(): Promise<boolean> {
    return this.#try(async ({ ask, store, placed }) => {
      const place = await ask("acceptStage", {});
      placed(place);
      store.dispatch({ type: "placed", ...place });
      store.dispatch({ type: "hand", raised: false });
    });
  }

  declineStage(): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      store.dispatch({ type: "invitation-answered" });
      await ask("declineStage", {});
      store.dispatch({ type: "hand", raised: false });
    });
  }

  stepDown(): Promise<boolean> {
    return this.#try(async ({ ask, store, placed, media }) => {
      const place = await ask("stepDown", {});
      media()?.stopSending();
      placed(place);
      store.dispatch({ type: "placed", ...place });
    });
  }

  claimHost(): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      const place = await ask("claimHost", {});
      store.dispatch({ type: "placed", ...place });
    });
  }

  /** Opens the microphone where that has not been done. */
  async unmute(): Promise<boolean> {
    const { store, media } = this.#options;
    const before = store.state.microphone;
    store.dispatch({ type: "microphone", microphone: "starting" });
    const done = await this.#try(async () => {
      await media()?.unmute();
      store.dispatch({ type: "microphone", microphone: "live" });
    });
    if (!done) store.dispatch({ type: "microphone", microphone: before === "muted" ? "muted" : "failed" });
    return done;
  }

  mute(): Promise<boolean> {
    return this.#try(async ({ media, store }) => {
      store.dispatch({ type: "microphone", microphone: "muted" });
      await media()?.mute();
    });
  }

  act(act: ActOnMember, participantId: string): Promise<boolean> {
    return this.#try(async ({ ask, store, refresh }) => {
      const name = nameOf(store.state, participantId);
      await ask(act, { participantId });
      if (act === "ban") store.dispatch({ type: "banned", participantId, name });
      store.dispatch({ type: "notice", tone: "good", text: done[act](name) });
      void refresh();
    });
  }

  unban(participantId: string): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      await ask("unban", { participantId });
      store.dispatch({ type: "unbanned", participantId });
      store.dispatch({ type: "notice", tone: "good", text: "The ban is lifted." });
    });
  }

  setRoom(change: RoomChange): Promise<boolean> {
    return this.#try(async ({ ask, store }) => {
      await ask("setRoom", change);
      if (change.locked === undefined)
        store.dispatch({ type: "notice", tone: "good", text: "The room is changed." });
    });
  }

  endRoom(): Promise<boolean> {
    return this.#try(async ({ ask }) => {
      await ask("endRoom", {});
    });
  }

  async #try(work: (options: RequestsOptions) => Promise<void>): Promise<boolean> {
    try {
      await work(this.#options);
      return true;
    } catch (error) {
      const text =
        error instanceof ClientError && error.code === "too-many-requests"
          ? `Too fast. Try again in ${Math.max(1, Math.ceil((error.retryAfterMs ?? 1000) / 1000))} s.`
          : explain(error);
      this.#options.store.dispatch({ type: "notice", tone: "bad", text });
      return false;
    }
  }
}

const done: Readonly<Record<ActOnMember, (name: string) => string>> = {
  inviteToStage: (name) => `${name} is asked to the stage.`,
  moveToAudience: (name) => `${name} is in the audience now.`,
  muteParticipant: (name) => `${name} is muted.`,
  askToUnmute: (name) => `${name} is asked to unmute.`,
  kick: (name) => `${name} is out.`,
  ban: (name) => `${name} is banned.`,
  grantModerator: (name) => `${name} is a moderator now.`,
  revokeModerator: (name) => `${name} is no moderator any more.`,
  handOverHost: (name) => `${name} is the host now.`,
  inviteToRoom: (name) => `${name} may come in.`,
};
