/** What all reports say alike. A figure that was not measured is a dash, never a number. */
import type { JudgedThreshold, HarnessLimit, Outcome, Result } from "../protocol/result.ts";
import { k6Unit } from "../verdict/k6-metrics.ts";
import { grouped, plural, secondsText, significant, withUnit } from "../verdict/numbers.ts";

export const dash = "–";

export function time(seconds: number | null): string {
  return seconds === null ? dash : secondsText(seconds);
}

/** A difference, with its sign. */
export function signedTime(seconds: number | null): string {
  if (seconds === null) return dash;
  return `${seconds < 0 ? "−" : "+"}${secondsText(Math.abs(seconds))}`;
}

export function ratio(value: number | null): string {
  if (value === null) return dash;
  const percent = value * 100;
  return `${percent < 10 ? significant(percent, 2) : significant(percent, 3)} %`;
}

export function bytes(value: number | null): string {
  if (value === null) return dash;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${significant(value / 1024 ** step)} ${units[step] ?? ""}`;
}

/** 62.4 as 1 min 2 s. */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${significant(seconds)} s`;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = whole % 60;
  return [
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(minutes > 0 ? [`${minutes} min`] : []),
    ...(rest > 0 && hours === 0 ? [`${rest} s`] : []),
  ].join(" ");
}

/** 2026-11-24T10:00:00.000Z as 2026-11-24 10:00:00 UTC; what is no date stays as it is. */
export function startText(startedAt: string): string {
  const at = new Date(startedAt);
  return Number.isFinite(at.getTime()) ? `${at.toISOString().slice(0, 19).replace("T", " ")} UTC` : startedAt;
}

/** A value in a metric's k6 unit. */
export function k6Value(metric: string, value: number | null): string {
  if (value === null) return dash;
  switch (k6Unit(metric)) {
    case "ms":
      return secondsText(value / 1000);
    case "bytes":
      return bytes(value);
    case "":
      return significant(value);
  }
}

export function limitText({ unit, bound, limit }: HarnessLimit): string {
  return `${bound === "at-most" ? "≤" : "≥"} ${withUnit(limit, unit)}`;
}

export function limitMeasured({ unit, measured }: HarnessLimit): string {
  return measured === null ? "no samples" : withUnit(measured, unit);
}

/** Failed ones first, else in the script's order. */
export function failedFirst(thresholds: readonly JudgedThreshold[]): JudgedThreshold[] {
  return [...thresholds.filter(({ ok }) => !ok), ...thresholds.filter(({ ok }) => ok)];
}

/** What the outcome means, in one sentence. */
export function outcomeSentence({ verdict, thresholds, harness }: Result): string {
  const sentences: Record<Outcome, string> = {
    PASS: `${thresholds.length === 1 ? "The one threshold is" : `All ${grouped(thresholds.length)} thresholds are`} met, and the harness kept ${harness.limits.length === 1 ? "its limit" : `all ${grouped(harness.limits.length)} of its limits`}.`,
    FAIL: "The system under test did not do what was asked of it.",
    INVALID: "The measurement cannot be believed; it says nothing about the system under test.",
  };
  return sentences[verdict.outcome];
}

export function participantsText({ participants, signalling }: Result): string {
  const planned = participants.speakers + participants.listeners;
  if (signalling !== null) {
    return (
      `${grouped(participants.joined)} of ${grouped(planned)} clients joined, without media, ` +
      `${grouped(participants.failed)} failed`
    );
  }
  return (
    `${grouped(participants.joined)} of ${grouped(planned)} joined ` +
    `(${grouped(participants.speakers)} on stage, ${plural(participants.listeners, "listener")} planned), ` +
    `${grouped(participants.failed)} failed`
  );
}

/** What real browsers heard, in a line; null: there were none. */
export function browsersText({ browsers }: Result): string | null {
  if (browsers === null) return null;
  const { ok, planned, mouthToEarSeconds, outputSeconds, modelLessReal } = browsers;
  const { n, p50, p95 } = mouthToEarSeconds;
  const heard =
    n === 0
      ? "nothing heard"
      : `heard p50 ${time(p50)}   p95 ${time(p95)}   n ${grouped(n)}   output ${time(outputSeconds)}`;
  const model = modelLessReal.mouthToEarSeconds;
  return (
    `${grouped(ok)}/${grouped(planned)}   ${heard}` +
    (model === null ? "" : `   model ${time(Math.abs(model))} ${model < 0 ? "sooner" : "later"}`)
  );
}

/** Outages that participants came back from, and what speakers could not send; null: none of it. */
export function interruptionsText({ interruptions, packets }: Result): string | null {
  const { resumes, awaySeconds, mediaRestarts, mediaRestartSeconds } = interruptions;
  const parts = [
    ...(resumes > 0 ? [`${grouped(resumes)} resumed, away ≤ ${time(awaySeconds.max)}`] : []),
    ...(mediaRestarts > 0
      ? [`media anew ${grouped(mediaRestarts)} ×, in ≤ ${time(mediaRestartSeconds.max)}`]
      : []),
    ...(packets.unsent > 0 ? [`${plural(packets.unsent, "frame")} unsent`] : []),
  ];
  return parts.length === 0 ? null : parts.join("   ");
}

export function thresholdsSummary(thresholds: readonly JudgedThreshold[]): string {
  const met = thresholds.filter(({ ok }) => ok).length;
  return `${grouped(met)} of ${grouped(thresholds.length)} met`;
}

/** Everything that a terminal, an XML parser or a person's eye could trip over becomes visible. */
export function plain(text: string): string {
  return (
    text
      .replace(/[\r\n\t]+/g, " ")
      // Controls, lone surrogates, bidirectional overrides and non-characters.
      .replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, "\ufffd")
  );
}
