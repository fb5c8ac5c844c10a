import type { JSX } from "preact";

const paths = {
  mic: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7",
  micOff:
    "M4 4l16 16M15 10.5V6a3 3 0 0 0-5.8-1.1M9 9.5V11a3 3 0 0 0 4.2 2.8M5.5 11a6.5 6.5 0 0 0 10.3 5.3M18.5 11a6.4 6.4 0 0 1-.5 2.5M12 17.5V21M8.5 21h7",
  hand: "M8 12V5.5a1.5 1.5 0 0 1 3 0V11M11 10.5v-6a1.5 1.5 0 0 1 3 0v6M14 11V6a1.5 1.5 0 0 1 3 0v8a7 7 0 0 1-7 7c-2.6 0-4-1.2-5.3-3.3L3.2 14.5c-.9-1.5 1-2.8 2.2-1.5L8 15.5",
  leave: "M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9",
  down: "M12 5v14M6 13l6 6 6-6",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  lock: "M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM8 11V8a4 4 0 0 1 8 0v3",
  shield: "M12 3l7.5 3v5.5c0 4.6-3.2 8-7.5 9.5-4.3-1.5-7.5-4.9-7.5-9.5V6L12 3ZM9 12l2.2 2.2L15.2 10",
  crown: "M4 18h16M4.5 15 3.5 7.500l4.7 3.300L12 5l3.8 5.8 4.7-3.3-1 7.500Z",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
  close: "M6 6l12 12M18 6 6 18",
  clock: "M12 7.500V12l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z",
  warn: "M12 9v4M12 16.500h.01M10.3 4.3 2.8 17.500A2 2 0 0 0 4.5 20.500h15a2 2 0 0 0 1.7-3L13.7 4.300a2 2 0 0 0-3.4 0Z",
} as const;

/** Says nothing by itself: what it stands beside does. */
export function Icon({ name }: { name: keyof typeof paths }): JSX.Element {
  return (
    <svg class={`icon ${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

/** Four bars, as many of them lit as the connection is good. */
export function QualityBars({ lit }: { lit: number }): JSX.Element {
  return (
    <svg class="icon bars" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {[0, 1, 2, 3].map((bar) => (
        <rect
          key={bar}
          class={bar < lit ? "lit" : ""}
          x={3 + bar * 5}
          y={15 - bar * 4}
          width="3.5"
          height={6 + bar * 4}
          rx="1"
        />
      ))}
    </svg>
  );
}
