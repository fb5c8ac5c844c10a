/** The one frame length that is used everywhere: 20 ms of Opus at RTP's clock of 48 kHz (RFC 7587 section 4.1). */
export const frameMs = 20;
/** RTP timestamp ticks, and samples, of a frame. */
export const frameTicks = 960;
