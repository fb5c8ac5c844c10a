/**
 * Seeded randomness with named streams: the same seed gives the same run, and
 * a new consumer of randomness does not shift what the others draw.
 */
export type Random = {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Exponential with the given mean. */
  exponential(mean: number): number;
  /** Normal with the given mean and standard deviation. */
  normal(mean: number, sigma: number): number;
  /** Log-normal: exp(normal(mu, sigma)); its median is exp(mu). */
  logNormal(mu: number, sigma: number): number;
  /** One of the items, each as likely. */
  pick<T>(items: readonly T[]): T;
  /** An independent stream of its own, given by this stream's seed and the name alone. */
  fork(name: string): Random;
};

/** FNV-1a folded over the text, once for each of four start values: 128 bits to seed the generator with. */
function hashText(text: string): [number, number, number, number] {
  const state: [number, number, number, number] = [0x811c9dc5, 0x1b873593, 0xcc9e2d51, 0x9e3779b9];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    for (let lane = 0; lane < 4; lane++) {
      const mixed = Math.imul((state[lane] ?? 0) ^ (code + lane), 0x01000193);
      state[lane] = (mixed ^ (mixed >>> 15)) >>> 0;
    }
  }
  return state;
}

/** Chris Doty-Humphrey's sfc32, of PractRand: 128 bits of state, passes PractRand and BigCrush. */
function sfc32([a, b, c, d]: [number, number, number, number]): () => number {
  const step = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 15; i++) step();
  return step;
}

export function createRandom(seed: string): Random {
  const next = sfc32(hashText(seed));
  const normal = (mean: number, sigma: number): number =>
    // Box-Muller; 1 - next() keeps the logarithm's argument above zero.
    mean + sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    integer: (n) => Math.floor(next() * n),
    exponential: (mean) => -mean * Math.log(1 - next()),
    normal,
    logNormal: (mu, sigma) => Math.exp(normal(mu, sigma)),
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new RangeError("pick: nothing to pick from");
      return items[Math.floor(next() * items.length)] as T;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}
