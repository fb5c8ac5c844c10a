import type { ListenerSummary } from "../protocol/fleet.ts";

/** From 0; a listener whose session broke, or who heard nothing, is worse than any loss. */
function badness({ failure, expected, lost, late, refused, deaf }: ListenerSummary): number {
  const missed = deaf ? 1.5 : expected === 0 ? 1 : (lost + late + refused) / expected;
  return (failure === null ? 0 : 2) + missed;
}

/** The worst of all, worst first; of those alike, who heard it latest. */
export function worstOf(listeners: readonly ListenerSummary[], most: number): ListenerSummary[] {
  return listeners
    .toSorted(
      (a, b) => badness(b) - badness(a) || (b.mouthToEarP99Seconds ?? 0) - (a.mouthToEarP99Seconds ?? 0),
    )
    .slice(0, most);
}
