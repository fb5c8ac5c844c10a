/**
 * What a scenario can be told: by `soundcheck run --profile p --set k=v`, or by
 * plain k6 with `-e PROFILE=p -e SET=k=v,k=v`.
 */

export type Parameters = Record<string, number | string>;

/** The profile's parameters, with what was set by hand in place. Throws, with the valid choices, on anything unknown. */
export function readParameters<Profile extends Parameters>(
  profiles: Record<string, Profile>,
  fallback: string,
): { profile: string; parameters: Profile } {
  const profile = __ENV["PROFILE"] || fallback;
  const defaults = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined;
  if (defaults === undefined) {
    throw new Error(`unknown profile "${profile}": choose one of ${Object.keys(profiles).join(", ")}`);
  }
  const parameters: Parameters = { ...defaults };
  for (const setting of (__ENV["SET"] ?? "").split(",").filter((text) => text !== "")) {
    const at = setting.indexOf("=");
    const key = setting.slice(0, at);
    const text = setting.slice(at + 1);
    const known = Object.hasOwn(defaults, key) ? defaults[key] : undefined;
    if (at < 1 || known === undefined) {
      throw new Error(
        `unknown parameter "${setting}": set name=value, with one of ${Object.keys(defaults).join(", ")}`,
      );
    }
    parameters[key] = typeof known === "number" ? parseNumber(key, text) : text;
  }
  return { profile, parameters: parameters as Profile };
}

function parseNumber(key: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new Error(`parameter ${key}: expected a number from 0 up, found "${text}"`);
  }
  return value;
}
