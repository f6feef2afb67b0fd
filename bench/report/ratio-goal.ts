import type { Comparison } from "../measure/compare.ts";
import type { Cost } from "../measure/run-measured.ts";
import type { Goal } from "./goals.ts";
import { ratioOf } from "./ratio.ts";

/** What one contestant has to be of another; as a list, since it is not there when one of them did not take part. */
export function ratioGoal(
  comparison: Comparison,
  wanted: {
    readonly what: string;
    readonly figure: keyof Cost;
    /** The one that is divided. */
    readonly of: string;
    readonly by: string;
    readonly must: Goal["must"];
    readonly target: number;
  },
): readonly Goal[] {
  const { what, figure, of, by, must, target } = wanted;
  const value = ratioOf(comparison, figure, of, by);
  return value === undefined ? [] : [{ what: `${what}, ${comparison.service}`, value, must, target, unit: " ×" }];
}
