import { Counter, Rate, Trend } from "k6/metrics";
import type { K6MetricName } from "../../sim/protocol/figures.ts";

/**
 * Every figure of the registry as a k6 metric, so that a threshold may stand on
 * any of them. k6 sees a sample of the packets, and some figures not at all; the
 * harness judges the same thresholds on every packet.
 */
export const metrics = {
  mouth_to_ear_ms: new Trend("mouth_to_ear_ms", true),
  path_delay_ms: new Trend("path_delay_ms", true),
  playout_delay_ms: new Trend("playout_delay_ms", true),
  join_ms: new Trend("join_ms", true),
  first_sound_ms: new Trend("first_sound_ms", true),
  away_ms: new Trend("away_ms", true),
  media_restart_ms: new Trend("media_restart_ms", true),
  signalling_join_ms: new Trend("signalling_join_ms", true),
  signalling_answer_ms: new Trend("signalling_answer_ms", true),
  browser_join_ms: new Trend("browser_join_ms", true),
  browser_mouth_to_ear_ms: new Trend("browser_mouth_to_ear_ms", true),
  browser_playout_delay_ms: new Trend("browser_playout_delay_ms", true),
  browser_concealed: new Trend("browser_concealed"),
  browser_energy: new Trend("browser_energy"),
  browser_chirps: new Counter("browser_chirps"),
  browser_ok: new Rate("browser_ok"),
  packets_sent: new Counter("packets_sent"),
  packets_expected: new Counter("packets_expected"),
  packets_received: new Counter("packets_received"),
  lost: new Rate("lost"),
  late: new Rate("late"),
  undecryptable: new Rate("undecryptable"),
  session_ok: new Rate("session_ok"),
  session_errors: new Counter("session_errors"),
  key_gap_ms: new Trend("key_gap_ms", true),
  sframe_encrypt_ms: new Trend("sframe_encrypt_ms", true),
  sframe_decrypt_ms: new Trend("sframe_decrypt_ms", true),
  sframe_overhead: new Trend("sframe_overhead"),
  late_send_ms: new Trend("late_send_ms", true),
  event_loop_delay_ms: new Trend("event_loop_delay_ms", true),
} as const satisfies Record<K6MetricName, Trend | Counter | Rate>;

/** Digests that came: the harness holds them against those that agents sent. */
export const digests = new Counter("digests");
