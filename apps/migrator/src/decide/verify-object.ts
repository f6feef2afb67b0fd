import type { ObjectRecord } from "@bucketferry/ledger";
import { isOurCopy, type ListedObject } from "./plan-object.ts";

export type VerifyDepth = "quick" | "standard" | "deep";

export type VerifyDecision =
  /** Nothing more to do: the evidence on record stands, and the target still lists what we put there. */
  | { readonly action: "verified" }
  /** Only reading it back can tell. `bothSides`: the source as well. */
  | { readonly action: "read"; readonly bothSides: boolean }
  /** Looks right, and there is no evidence about the bytes. */
  | { readonly action: "unproved" }
  /** Has to be copied again. */
  | { readonly action: "plan-again"; readonly reason: "target-lost" | "target-changed" };

/**
 * What one copied object needs to count as verified.
 *
 * | target lists | evidence on record | quick | standard | deep |
 * | --- | --- | --- | --- | --- |
 * | nothing | any | target-lost | target-lost | target-lost |
 * | another size or ETag | any | target-changed | target-changed | target-changed |
 * | our copy | yes | verified | verified | read both sides |
 * | our copy | none | unproved | read the target | read both sides |
 */
export function verifyObject(
  object: ObjectRecord,
  listed: ListedObject | undefined,
  depth: VerifyDepth,
): VerifyDecision {
  if (listed === undefined) return { action: "plan-again", reason: "target-lost" };
  if (!isOurCopy(listed, object)) return { action: "plan-again", reason: "target-changed" };
  if (depth === "deep") return { action: "read", bothSides: true };
  if (object.evidence !== null) return { action: "verified" };
  return depth === "quick" ? { action: "unproved" } : { action: "read", bothSides: false };
}
