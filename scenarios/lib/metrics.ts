import { Counter, Rate, Trend } from "k6/metrics";
import type { K6MetricName } from "../../sim/protocol/figures.ts";

// The names are checked against the registry of figures; k6 itself sees a sample of the packets, the harness all of them.
const name = <Name extends K6MetricName>(metric: Name): Name => metric;

export const mouthToEar = new Trend(name("mouth_to_ear_ms"), true);
export const join = new Trend(name("join_ms"), true);
export const firstSound = new Trend(name("first_sound_ms"), true);
export const lost = new Rate(name("lost"));
export const late = new Rate(name("late"));
export const undecryptable = new Rate(name("undecryptable"));
export const packetsSent = new Counter(name("packets_sent"));
export const packetsExpected = new Counter(name("packets_expected"));
export const packetsReceived = new Counter(name("packets_received"));
export const sessionOk = new Rate(name("session_ok"));
export const sessionErrors = new Counter(name("session_errors"));
/** Digests that came: the harness holds them against those that agents sent. */
export const digests = new Counter("digests");
