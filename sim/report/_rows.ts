import { figures } from "../protocol/figures.ts";
import type { Distribution, Result } from "../protocol/result.ts";

/** The distributions of a result, each under its label in the registry; the cost of encryption and interruptions only where there were any. */
export function distributionRows(result: Result): [label: string, distribution: Distribution][] {
  if (result.signalling !== null) {
    return [
      [figures.signalling_join.label, result.signalling.joinSeconds],
      [figures.signalling_answer.label, result.signalling.answerSeconds],
    ];
  }
  const { interruptions } = result;
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
          [figures.key_gap.label, result.e2ee.keyGapSeconds],
        ] satisfies [string, Distribution][])
      : []),
    ...(interruptions.resumes > 0
      ? ([[figures.away.label, interruptions.awaySeconds]] satisfies [string, Distribution][])
      : []),
    ...(interruptions.mediaRestarts > 0
      ? ([[figures.media_restart.label, interruptions.mediaRestartSeconds]] satisfies [
          string,
          Distribution,
        ][])
      : []),
    [figures.late_send.label, result.harness.lateSendSeconds],
    [figures.event_loop_delay.label, result.harness.eventLoopDelaySeconds],
  ];
}
