/**
 * A KID says which generation of the room's secret a frame is under, and whose seat it comes
 * from: `generation x 1024 + seat`. A generation is `epoch x 256 + step`: each epoch begins with
 * a secret drawn afresh, each step is the ratchet of the one before it (`ratchet.ts`), so that who
 * holds one step can follow to a later one by the KID alone.
 */
export const seatsPerGeneration = 1024;
export const stepsPerEpoch = 256;
/** Every KID is exact as a number: below 2^53. */
export const maxGeneration = 2 ** 43 - 1;

/** Throws a RangeError for a generation or seat that a KID cannot carry. */
export function kidOf(generation: number, seat: number): number {
  if (!isGeneration(generation)) {
    throw new RangeError(`a generation is an integer from 0 to ${maxGeneration}; found ${generation}`);
  }
  if (!(Number.isInteger(seat) && seat >= 0 && seat < seatsPerGeneration)) {
    throw new RangeError(`a seat is an integer from 0 to ${seatsPerGeneration - 1}; found ${seat}`);
  }
  return generation * seatsPerGeneration + seat;
}

export function isGeneration(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maxGeneration;
}

export function generationOfKid(kid: number): number {
  return Math.floor(kid / seatsPerGeneration);
}

export function seatOfKid(kid: number): number {
  return kid % seatsPerGeneration;
}

export function epochOf(generation: number): number {
  return Math.floor(generation / stepsPerEpoch);
}

export function stepOf(generation: number): number {
  return generation % stepsPerEpoch;
}

export function firstOfNextEpoch(generation: number): number {
  return (epochOf(generation) + 1) * stepsPerEpoch;
}

/** Where an epoch begins that is above all that others may have dealt unknown to us: they draw less than one a second. */
export function generationAt(unixMs: number): number {
  return Math.floor(unixMs / 1000) * stepsPerEpoch;
}
