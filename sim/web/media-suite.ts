/** The cipher suite of a room's media; the simulation's default too. */
export const mediaSuite = "AES_128_GCM_SHA256_128";
