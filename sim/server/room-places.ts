import { maxSeats } from "../protocol/room.ts";
import type { Role } from "../protocol/signalling.ts";
import { RequestError } from "./errors.ts";
import { Places } from "./places.ts";
import { hasRight } from "./rights.ts";

type Limits = { readonly maxStage: number; readonly maxAudience: number };

/** A room's places and seats: taken by those who are in it, kept for those on the way in. */
export class RoomPlaces {
  readonly #maxAll: number;
  readonly #limits: Limits;
  readonly #all = new Places();
  readonly #stage = new Places();
  readonly #audience = new Places();
  #nextSeat = 0;
  #seatsKept = 0;

  /** The limits are read anew at each asking. */
  constructor(maxAll: number, limits: Limits) {
    this.#maxAll = maxAll;
    this.#limits = limits;
  }

  /** Throws RequestError `room-full` where there is no place; a host always finds one, as long as there are seats. */
  require(id: string, role: Role): void {
    const onStage = hasRight(role, "publish");
    if (onStage && this.#nextSeat >= maxSeats) throw noSeats();
    if (hasRight(role, "open-room")) return;
    const { maxStage, maxAudience } = this.#limits;
    if (!this.#all.fits(id, this.#maxAll)) throw new RequestError("room-full", "the room is full");
    if (onStage && !this.#stage.fits(id, maxStage)) throw new RequestError("room-full", "the stage is full");
    if (!onStage && !this.#audience.fits(id, maxAudience)) {
      throw new RequestError("room-full", "the audience is full");
    }
  }

  /** Keeps a place until it is released. Throws RequestError `room-full`. */
  reserve(id: string, role: Role): { release(): void } {
    this.require(id, role);
    const seats = hasRight(role, "publish") ? 1 : 0;
    if (seats > 0 && this.#nextSeat + this.#seatsKept >= maxSeats) throw noSeats();
    this.#seatsKept += seats;
    this.#hold(id, role);
    let kept = true;
    return {
      release: () => {
        if (!kept) return;
        kept = false;
        this.#seatsKept -= seats;
        this.free(id, role);
      },
    };
  }

  /** Takes a place, and on the stage a seat that nobody has had: its number, else null. */
  take(id: string, role: Role): number | null {
    this.#hold(id, role);
    return hasRight(role, "publish") ? this.#nextSeat++ : null;
  }

  free(id: string, role: Role): void {
    this.#all.free(id);
    this.#side(role).free(id);
  }

  #hold(id: string, role: Role): void {
    this.#all.take(id);
    this.#side(role).take(id);
  }

  #side(role: Role): Places {
    return hasRight(role, "publish") ? this.#stage : this.#audience;
  }
}

function noSeats(): RequestError {
  return new RequestError("room-full", `all ${maxSeats} seats of the stage have been dealt`);
}
