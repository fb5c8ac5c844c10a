/**
 * A log-linear histogram: 64 buckets an octave over 2^-24 (0.06 µs, in seconds)
 * to 2^12 (over an hour), so a quantile is off by at most 1/128 (0.8 %) of its value.
 * Observing costs a few nanoseconds; histograms of different processes merge
 * without loss. Its values carry whatever unit the caller observes, by habit seconds.
 */
const bucketsPerOctaveLog2 = 6;
const lowestExponent = -24;
const octaves = 36;
const bucketCount = octaves << bucketsPerOctaveLog2;
/** Values below this (zero and negative ones too) are counted in the lowest bucket. */
const lowestValue = 2 ** lowestExponent;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const exponentBias = 1023;
const bucketOffset = (lowestExponent + exponentBias) << bucketsPerOctaveLog2;
// A double's upper word: sign, 11 bits of exponent, 20 of mantissa. All our platforms are little-endian.
const mantissaShift = 20 - bucketsPerOctaveLog2;

function bucketOf(value: number): number {
  if (value < lowestValue) return 0;
  float[0] = value;
  const bucket = ((words[1] as number) >>> mantissaShift) - bucketOffset;
  return bucket >= bucketCount ? bucketCount - 1 : bucket;
}

/** The middle of a bucket: at most 1/128 away from anything inside it. */
function valueOf(bucket: number): number {
  const octave = bucket >> bucketsPerOctaveLog2;
  const step = bucket & ((1 << bucketsPerOctaveLog2) - 1);
  return 2 ** (octave + lowestExponent) * (1 + (step + 0.5) / (1 << bucketsPerOctaveLog2));
}

/** A histogram as plain data: pairs of bucket and count, ascending, and the exact extremes (null when empty). */
export type HistogramSnapshot = {
  n: number;
  sum: number;
  min: number | null;
  max: number | null;
  buckets: [bucket: number, count: number][];
};

function checkSnapshot({ n, buckets }: HistogramSnapshot): void {
  let counted = 0;
  for (const [bucket, count] of buckets) {
    if (!(Number.isInteger(bucket) && bucket >= 0 && bucket < bucketCount)) {
      throw new RangeError(`Histogram.merge: there is no bucket ${bucket}`);
    }
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`Histogram.merge: bucket ${bucket} has a count of ${count}`);
    }
    counted += count;
  }
  if (counted !== n)
    throw new RangeError(`Histogram.merge: the buckets hold ${counted} observations, not ${n}`);
}

export class Histogram {
  #counts = new Float64Array(bucketCount);
  #n = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  get n(): number {
    return this.#n;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Null when nothing was observed: there is no default. */
  get min(): number | null {
    return this.#n === 0 ? null : this.#min;
  }

  get max(): number | null {
    return this.#n === 0 ? null : this.#max;
  }

  get mean(): number | null {
    return this.#n === 0 ? null : this.#sum / this.#n;
  }

  /** Counts one value; throws a RangeError for what is not finite, for it would poison the sum. */
  observe(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`Histogram.observe: ${value} is not finite`);
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#n++;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** The value below which the given share (0 to 1) of observations lies, by nearest rank; null when empty. */
  quantile(share: number): number | null {
    if (this.#n === 0) return null;
    let rank = Math.max(1, Math.ceil(share * this.#n));
    // 0.07 x 100 is above 7 in binary: the rank is the least whose share of all is not below the given one.
    if (rank > 1 && (rank - 1) / this.#n >= share) rank--;
    if (rank >= this.#n) return this.#max;
    let seen = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      seen += this.#counts[bucket] as number;
      // Where most are zero, so is what lies among them.
      if (seen >= rank && bucket === 0 && this.#min >= 0) return this.#min;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, valueOf(bucket)));
    }
    return this.#max;
  }

  /** How many observations are at most the given value, to within a bucket. */
  countAtMost(value: number): number {
    const last = bucketOf(value);
    let seen = 0;
    for (let bucket = 0; bucket <= last; bucket++) seen += this.#counts[bucket] as number;
    return seen;
  }

  /** Adds another's observations; throws a RangeError, and changes nothing, where a snapshot is not one of a histogram. */
  merge(other: Histogram | HistogramSnapshot): void {
    const snapshot = other instanceof Histogram ? other.snapshot() : other;
    checkSnapshot(snapshot);
    for (const [bucket, count] of snapshot.buckets) {
      this.#counts[bucket] = (this.#counts[bucket] as number) + count;
    }
    this.#n += snapshot.n;
    this.#sum += snapshot.sum;
    if (snapshot.min !== null && snapshot.min < this.#min) this.#min = snapshot.min;
    if (snapshot.max !== null && snapshot.max > this.#max) this.#max = snapshot.max;
  }

  snapshot(): HistogramSnapshot {
    const buckets: [number, number][] = [];
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const count = this.#counts[bucket] as number;
      if (count > 0) buckets.push([bucket, count]);
    }
    return { n: this.#n, sum: this.#sum, min: this.min, max: this.max, buckets };
  }

  reset(): void {
    this.#counts.fill(0);
    this.#n = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = -Infinity;
  }

  static from(snapshot: HistogramSnapshot): Histogram {
    const histogram = new Histogram();
    histogram.merge(snapshot);
    return histogram;
  }
}

/** A bucket's middle, for drawing a snapshot. */
export function histogramBucketValue(bucket: number): number {
  return valueOf(bucket);
}
