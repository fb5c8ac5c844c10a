import { base, de, en, es, Faker, fr, it, pl, pt_BR, sv } from "@faker-js/faker";
import type { Random } from "../util/random.ts";

/** How somebody sounds, for a synthesiser or a corpus of voices to come close to. */
export type PersonaVoice = {
  /** Mean fundamental frequency. */
  readonly pitchHz: number;
  /** Formant frequencies against an average adult male's, whose vocal tract is 17 cm long: 1.15 is a shorter one. */
  readonly formantScale: number;
  /** Against 4.5 syllables a second. */
  readonly speakingRate: number;
};

/** Who a simulated participant is. */
export type Persona = {
  /** At most {@link maxNameLength} UTF-16 code units, as room signalling allows. */
  readonly name: string;
  readonly voice: PersonaVoice;
  /** How often they take the floor, against 1 for the average. */
  readonly talkativeness: number;
};

export const maxNameLength = 80;

// Made once, since each costs as much as a whole join; a persona seeds its own anew, so that they share nothing.
const fakers = [en, de, fr, es, it, pl, pt_BR, sv].map((locale) => new Faker({ locale: [locale, en, base] }));

/**
 * Draws a persona from the given stream: the same seed gives the same persona.
 * Pitch and vocal-tract scale are those of adults: about 120 Hz and 1 for men,
 * 210 Hz and 1.16 for women (Peterson and Barney 1952).
 */
export function createPersona(random: Random): Persona {
  const faker = random.pick(fakers);
  faker.seed(random.integer(2 ** 31));
  const sex = faker.person.sexType();
  const female = sex === "female";
  return {
    name: faker.person.fullName({ sex }).slice(0, maxNameLength).trim(),
    voice: {
      pitchHz: clamp(random.normal(female ? 210 : 120, female ? 22 : 18), 75, 280),
      formantScale: clamp(random.normal(female ? 1.16 : 1, 0.03), 0.9, 1.25),
      speakingRate: clamp(random.normal(1, 0.12), 0.7, 1.4),
    },
    talkativeness: clamp(random.logNormal(0, 0.4), 0.3, 3),
  };
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value));
}
