/**
 * A KID says which generation of the room's secret a frame is under, and whose
 * seat it comes from: `generation x 256 + seat`.
 */
export const seatsPerGeneration = 256;
/** Generations take four bytes on the wire. */
export const maxGeneration = 0xffff_ffff;

/** Throws a RangeError for a generation or seat that a KID cannot carry. */
export function kidOf(generation: number, seat: number): number {
  if (!(Number.isInteger(generation) && generation >= 0 && generation <= maxGeneration)) {
    throw new RangeError(`a generation is an integer from 0 to ${maxGeneration}; found ${generation}`);
  }
  if (!(Number.isInteger(seat) && seat >= 0 && seat < seatsPerGeneration)) {
    throw new RangeError(`a seat is an integer from 0 to ${seatsPerGeneration - 1}; found ${seat}`);
  }
  return generation * seatsPerGeneration + seat;
}

export function generationOfKid(kid: number): number {
  return Math.floor(kid / seatsPerGeneration);
}

export function seatOfKid(kid: number): number {
  return kid % seatsPerGeneration;
}
