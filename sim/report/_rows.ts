import { figures } from "../protocol/figures.ts";
import type { Distribution, Result } from "../protocol/result.ts";

/** The distributions of a result, each under its label in the registry; the cost of encryption only where there was any. */
export function distributionRows(result: Result): [label: string, distribution: Distribution][] {
  return [
    [figures.mouth_to_ear.label, result.mouthToEarSeconds],
    [figures.path_delay.label, result.pathDelaySeconds],
    [figures.playout_delay.label, result.playoutDelaySeconds],
    [figures.join.label, result.joinSeconds],
    [figures.first_sound.label, result.firstSoundSeconds],
    ...(result.e2ee.enabled
      ? ([
          [figures.sframe_encrypt.label, result.e2ee.encryptSeconds],
          [figures.sframe_decrypt.label, result.e2ee.decryptSeconds],
        ] satisfies [string, Distribution][])
      : []),
    [figures.late_send.label, result.harness.lateSendSeconds],
    [figures.event_loop_delay.label, result.harness.eventLoopDelaySeconds],
  ];
}
