/** Where an object was seen. */
export interface Seen {
  /** By the app's database. */
  readonly referenced: boolean;
  /** In the ledger, which knows what the last plan listed. */
  readonly recorded: boolean;
  readonly atSource: boolean;
  readonly atTarget: boolean;
}

/**
 * What four witnesses say together. Undefined: they agree.
 *
 * | referenced | source | target | on record | finding         | means                                                     |
 * | ---------- | ------ | ------ | --------- | --------------- | --------------------------------------------------------- |
 * | yes        | yes    | yes    | yes       | –               | as it should be                                           |
 * | yes        | no     | no     |           | `dangling`      | the database names an object that is nowhere              |
 * | yes        | no     | yes    |           | `source-gone`   | copied, and deleted at the source since                   |
 * | yes        | yes    | no     |           | `not-copied`    | its reference cannot be rewritten yet                     |
 * | no         | yes    |        |           | `orphan`        | stored, and nobody names it                               |
 * | no         | no     | yes    |           | `target-only`   | only at the target: written there, or left over           |
 * | no         | no     | no     | yes       | `recorded-only` | on record, and nowhere else                               |
 * |            | yes    | yes    | no        | `not-recorded`  | at both sides, and unknown to the ledger: plan again      |
 */
export type ReconcileFinding =
  | "dangling"
  | "source-gone"
  | "not-copied"
  | "orphan"
  | "target-only"
  | "recorded-only"
  | "not-recorded";

export function reconcileObject({ referenced, recorded, atSource, atTarget }: Seen): ReconcileFinding | undefined {
  if (!referenced) {
    if (atSource) return "orphan";
    return atTarget ? "target-only" : "recorded-only";
  }
  if (!atSource) return atTarget ? "source-gone" : "dangling";
  if (!atTarget) return "not-copied";
  return recorded ? undefined : "not-recorded";
}
