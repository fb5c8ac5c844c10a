import type { JSX } from "preact";

const hues = 8;

/** The first letters of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].flatMap((word) =>
    word === undefined ? [] : [...word].slice(0, 1),
  );
  return letters.join("").toUpperCase();
}

/** A number from 0 to 7 that stays the same for an id. */
export function hueOf(participantId: string): number {
  let hash = 0;
  for (const character of participantId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % hues;
}

/** `level`: from 0, silent, to 1. */
export function Avatar(props: {
  participantId: string;
  name: string;
  size: "large" | "small";
  level?: number;
}): JSX.Element {
  const { participantId, name, size, level = 0 } = props;
  return (
    <span
      class={`avatar ${size} hue-${hueOf(participantId)}`}
      style={{ "--level": level.toFixed(2) }}
      aria-hidden="true"
    >
      {initialsOf(name)}
    </span>
  );
}
