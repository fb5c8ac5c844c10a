/**
 * What k6 counts by itself, and what a threshold may ask of each kind of metric.
 * Sources: k6's documentation, "Built-in metrics" and "Thresholds", checked against k6 1.1.0.
 */
import { figureOfK6Metric } from "../protocol/figures.ts";
import type { Figure } from "../protocol/figures.ts";

export type K6MetricKind = "trend" | "rate" | "counter" | "gauge";

type BuiltIn = { readonly kind: K6MetricKind; readonly contains: "time" | "data" | "default" };

const time = { kind: "trend", contains: "time" } as const;
const trend = { kind: "trend", contains: "default" } as const;
const counter = { kind: "counter", contains: "default" } as const;
const dataCounter = { kind: "counter", contains: "data" } as const;
const rate = { kind: "rate", contains: "default" } as const;
const gauge = { kind: "gauge", contains: "default" } as const;

const builtIns: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ["checks", rate],
  ["data_received", dataCounter],
  ["data_sent", dataCounter],
  ["dropped_iterations", counter],
  ["group_duration", time],
  ["iteration_duration", time],
  ["iterations", counter],
  ["vus", gauge],
  ["vus_max", gauge],
  ["http_req_blocked", time],
  ["http_req_connecting", time],
  ["http_req_duration", time],
  ["http_req_failed", rate],
  ["http_req_receiving", time],
  ["http_req_sending", time],
  ["http_req_tls_handshaking", time],
  ["http_req_waiting", time],
  ["http_reqs", counter],
  ["ws_connecting", time],
  ["ws_msgs_received", counter],
  ["ws_msgs_sent", counter],
  ["ws_ping", time],
  ["ws_session_duration", time],
  ["ws_sessions", counter],
  ["grpc_req_duration", time],
  ["grpc_streams", counter],
  ["grpc_streams_msgs_received", counter],
  ["grpc_streams_msgs_sent", counter],
  ["browser_data_received", dataCounter],
  ["browser_data_sent", dataCounter],
  ["browser_http_req_duration", time],
  ["browser_http_req_failed", rate],
  ["browser_web_vital_cls", trend],
  ["browser_web_vital_fcp", time],
  ["browser_web_vital_fid", time],
  ["browser_web_vital_inp", time],
  ["browser_web_vital_lcp", time],
  ["browser_web_vital_ttfb", time],
]);

export const k6BuiltInNames: readonly string[] = [...builtIns.keys()];

/** Undefined for a metric that k6 does not bring along. */
export function k6BuiltIn(name: string): BuiltIn | undefined {
  return builtIns.get(name);
}

/** What k6 calls the kind of metric that carries one of our figures. */
export function k6KindOfFigure(figure: Figure): K6MetricKind {
  return figure.kind === "distribution" ? "trend" : figure.kind;
}

/** What a threshold may ask of a metric of this kind, as it is written. */
export const aggregationsOfKind: Readonly<Record<K6MetricKind, readonly string[]>> = {
  trend: ["avg", "min", "max", "med", "p(N)"],
  rate: ["rate"],
  counter: ["count", "rate"],
  gauge: ["value"],
};

/** The unit in which k6 counts a metric, tags apart; empty for ratios, counts and unknown ones. */
export function k6Unit(metric: string): "ms" | "bytes" | "" {
  const name = metric.replace(/\{.*$/, "").trim();
  const ours = figureOfK6Metric(name);
  if (ours !== undefined) return ours.unit === "seconds" ? "ms" : ours.unit === "bytes" ? "bytes" : "";
  const contains = k6BuiltIn(name)?.contains;
  return contains === "time" ? "ms" : contains === "data" ? "bytes" : "";
}
