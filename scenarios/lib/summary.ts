/** What a run leaves behind: k6's own summary as JSON, and a few lines for whoever runs plain k6. */

type SummaryData = {
  metrics: Record<
    string,
    { type: string; values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }
  >;
};

export function handleSummary(data: SummaryData): Record<string, string> {
  const path = __ENV["SUMMARY_FILE"];
  if (path) return { [path]: JSON.stringify(data) };
  const lines = Object.entries(data.metrics).flatMap(([metric, { values, thresholds }]) =>
    Object.entries(thresholds ?? {}).map(([expression, { ok }]) => {
      const shown = Object.entries(values)
        .filter(([name]) => ["p(95)", "p(99)", "rate", "count"].includes(name))
        .map(([name, value]) => `${name}=${Number(value.toPrecision(4))}`);
      return `  ${ok ? "ok    " : "BROKEN"} ${metric}: ${expression}   ${shown.join(" ")}`;
    }),
  );
  return {
    stdout: `${["", "k6's sample of the run (soundcheck run judges every packet):", ...lines, ""].join("\n")}\n`,
  };
}
