/** Levenshtein's distance: insertions, deletions and replacements from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The candidate that was most likely meant; undefined when nothing is near (more than two fifths of it differs). */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const word = name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[-\s.]/g, "_");
  // The unit left out, or the figure's name in camel case, are the commonest slips.
  const exact = candidates.find(
    (candidate) => candidate === `${word}_ms` || candidate.replaceAll("_", "") === word,
  );
  if (exact !== undefined) return exact;
  let best: { candidate: string; cost: number } | undefined;
  for (const candidate of candidates) {
    const cost = distance(word, candidate);
    if (cost <= candidate.length * 0.4 && (best === undefined || cost < best.cost))
      best = { candidate, cost };
  }
  return best?.candidate;
}
