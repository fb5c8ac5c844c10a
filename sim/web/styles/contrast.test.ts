import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");

function colours(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const themes = [
  ["light", colours(light)],
  ["dark", new Map([...colours(light), ...colours(dark)])],
] as const;
const grounds = ["ground", "panel", "raised"];
const texts = [
  ...grounds.flatMap((ground) => ["text", "soft"].map((text) => [text, ground])),
  ...["ground", "panel"].flatMap((ground) => ["accent", "bad"].map((text) => [text, ground])),
  ["accent", "raised"],
  ["accent", "accent-soft"],
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["panel", "text"],
  ...["good", "fair", "bad"].map((tone) => [tone, `${tone}-soft`]),
  ...Array.from({ length: 8 }, (_, hue) => ["on-hue", `hue-${hue}`]),
];
const edges = grounds.flatMap((ground) => ["focus", "control-edge"].map((edge) => [edge, ground]));

describe.each(themes)("in the %s theme", (_name, theme) => {
  const ratio = (one = "", other = ""): number => {
    const [colour, ground] = [theme.get(one), theme.get(other)];
    if (colour === undefined || ground === undefined) throw new Error(`no colour ${one} or ${other}`);
    return contrast(colour, ground);
  };

  test.each(texts)("%s on %s can be read: 4.5 to 1", (text, ground) => {
    expect(ratio(text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(edges)("%s on %s can be seen: 3 to 1", (edge, ground) => {
    expect(ratio(edge, ground)).toBeGreaterThanOrEqual(3);
  });
});
