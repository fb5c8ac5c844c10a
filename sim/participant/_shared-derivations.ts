/**
 * What all listeners of a process would each work out to the same bytes is worked out once: steps of a room's
 * secret, speakers' base keys, signed rosters. A client of its own pays for each; that is for `soundcheck overhead`
 * to say, and not to be paid hundreds of times over by one process at the instant in which keys change.
 */
import { ratchetTo } from "../e2ee/keys/ratchet.ts";
import { readRoster } from "../e2ee/keys/roster.ts";
import { speakerBaseKey } from "../e2ee/keys/speaker-key.ts";
import { toBase64Url } from "../util/bytes.ts";

/** Far more than what is in use at one time; all are dropped when there are more. */
const mostKept = 1024;

/** Remembers results by a text that stands for the arguments. */
class Memory<Result> {
  readonly #results = new Map<string, Result>();

  get(key: string, make: () => Result): Result {
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    if (this.#results.size >= mostKept) this.#results.clear();
    const made = make();
    this.#results.set(key, made);
    return made;
  }
}

const steps = new Memory<Uint8Array>();
const baseKeys = new Memory<Uint8Array>();
const rosters = new Memory<ReturnType<typeof readRoster>>();

/** {@link ratchetTo}; the result is shared and not to be written to. */
export const sharedRatchetTo: typeof ratchetTo = (generation, from, secret) =>
  steps.get(`${generation} ${from} ${toBase64Url(secret)}`, () => ratchetTo(generation, from, secret));

/** {@link speakerBaseKey}; the result is shared and not to be written to. */
export const sharedBaseKey: typeof speakerBaseKey = (options) => {
  const { secret, participantId, kid, suite } = options;
  return baseKeys.get(`${kid} ${suite} ${toBase64Url(secret)} ${participantId}`, () =>
    speakerBaseKey(options),
  );
};

/** {@link readRoster}, signature and all; the result is shared and not to be written to. */
export const sharedReadRoster: typeof readRoster = (roomId, message) =>
  rosters.get(`${toBase64Url(message)} ${roomId}`, () => readRoster(roomId, message));
