/** What some rounds of one measurement say: the middle, and how far they lie apart. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError without values: nothing was measured, and a figure would be made up. */
export function summary(values: readonly number[]): Summary {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { median: median(values), min, max };
}

/** Of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("There is no median of no values.");
  return (lower + upper) / 2;
}

/**
 * How much one is of the other: the median of the ratios of each round. What a machine does beside the benchmark slows both
 * halves of a round, so that these ratios stay the same where the ratio of two medians would not.
 */
export function pairedRatio(ones: readonly number[], others: readonly number[]): number {
  if (ones.length !== others.length)
    throw new RangeError(`${ones.length} rounds cannot be paired with ${others.length}.`);
  return median(ones.map((one, round) => one / (others[round] ?? Number.NaN)));
}
