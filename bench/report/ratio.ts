import type { Comparison, ContestantResult } from "../measure/compare.ts";
import type { Cost } from "../measure/run-measured.ts";
import { median, pairedRatio } from "../measure/summary.ts";

/** How much one contestant's figure is of another's, from round to round; undefined when one of them did not take part. */
export function ratioOf(comparison: Comparison, figure: keyof Cost, one: string, other: string): number | undefined {
  const [mine, theirs] = [comparison.results[one], comparison.results[other]];
  return mine === undefined || theirs === undefined
    ? undefined
    : pairedRatio(values(mine, figure), values(theirs, figure));
}

export function medianOf(comparison: Comparison, figure: keyof Cost, name: string): number {
  const result = comparison.results[name];
  if (result === undefined) throw new RangeError(`${name} did not take part.`);
  return median(values(result, figure));
}

function values({ rounds }: ContestantResult, figure: keyof Cost): number[] {
  return rounds.map((round) => round[figure]);
}
