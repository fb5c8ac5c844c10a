export const windowCounterBits = 6;
/** Consecutive counters whose key stream is made at once, from a multiple of it on. */
export const windowCounters = 1 << windowCounterBits;
/** Blocks of key stream a counter: a frame of 160 bytes, and GCM's mask for the tag. */
export const windowBlocks = 11;
export const windowBytes = windowCounters * windowBlocks * 16;
/** Adjacent ones, so that frames out of order across a boundary find theirs. A power of two. */
export const windowsPerKey = 2;
