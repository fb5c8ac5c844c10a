/**
 * The yardstick: listeners that are nothing but node-datachannel connections,
 * whose packets reach JavaScript and are dropped there. A child process of the bench.
 */
import { MediaConnection } from "../participant/media-connection.ts";
import { createSoundcheckTarget } from "../participant/soundcheck-target.ts";
import { ignoredEvents, type TargetSession } from "../participant/target.ts";
import { fromBase64Url } from "../util/bytes.ts";

export type BareOptions = {
  url: string;
  room: string;
  tokenSecret: string;
  listeners: number;
  atOnce: number;
};
export type BareJoined = { joinsPerSecond: number };

const nothing = (): void => undefined;
const joinTimeoutMs = 30_000;
// Kept, since a collected track closes the real one.
const kept: [MediaConnection, TargetSession][] = [];

async function joinAll({ url, room, tokenSecret, listeners, atOnce }: BareOptions): Promise<BareJoined> {
  const target = createSoundcheckTarget({ url, room, tokenSecret: fromBase64Url(tokenSecret) });
  let next = 0;
  const joinSome = async (): Promise<void> => {
    for (let index = next++; index < listeners; index = next++) {
      const signal = AbortSignal.timeout(joinTimeoutMs);
      const media = await MediaConnection.create({
        name: `bare-${index}`,
        direction: "receive",
        bindAddress: "127.0.0.1",
        onPacket: nothing,
        onLost: nothing,
      });
      const session = await target.join(
        {
          accountId: `bare-${index}`,
          name: "bare",
          role: "listener",
          publicKey: undefined,
          direction: "receive",
          fingerprint: media.fingerprint,
          signal,
        },
        ignoredEvents,
      );
      await media.connect(session.transport, signal);
      kept.push([media, session]);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, joinSome));
  return { joinsPerSecond: (listeners * 1000) / (performance.now() - startMs) };
}

process.on("message", (options: BareOptions) => {
  void joinAll(options).then((joined) => process.send?.(joined));
});
process.on("disconnect", () => {
  process.exit(0);
});
