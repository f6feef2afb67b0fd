import type { ObjectRecord } from "@bucketferry/ledger";
import type { LeftOutReason } from "./selected.ts";

/** One object as a listing shows it. */
export interface ListedObject {
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified?: Date | undefined;
}

/**
 * Why an object is copied. It also tells the copier what it may expect at the target:
 *
 * | reason | at the target | the copier |
 * | --- | --- | --- |
 * | `missing` | nothing | creates |
 * | `target-lost` | nothing, though we had put a copy there | creates |
 * | `source-changed` | our copy of an older version | replaces exactly that copy |
 * | `target-damaged` | our copy, whose bytes are not right | replaces exactly that copy |
 * | `unknown-at-target` | an object that is not on record | compares, and adopts an equal one |
 * | `target-changed` | not what we had put there | compares, and adopts an equal one |
 * | `overwrite` | an object that the user gave up | replaces whatever is there |
 */
export type CopyReason =
  | "missing"
  | "target-lost"
  | "source-changed"
  | "target-damaged"
  | "unknown-at-target"
  | "target-changed"
  | "overwrite";

export type SkipReason =
  | "folder-placeholder"
  | "not-in-manifest"
  | LeftOutReason
  /** Its bytes cannot be read before somebody restores them. The only skip that keeps a gate closed. */
  | "archived";
export type RefuseReason = "key-refused" | "too-large" | "beside-folder" | "key-twin" | "metadata-not-carried";

export type PlanDecision =
  | { readonly action: "copy"; readonly reason: CopyReason }
  /** On record as copied or verified, and both sides still look the same. */
  | { readonly action: "keep" }
  | { readonly action: "skip"; readonly reason: SkipReason }
  | { readonly action: "refuse"; readonly reason: RefuseReason; readonly message: string }
  | { readonly action: "vanish" }
  | { readonly action: "targetOnly" }
  /** Gone from both sides, and on record as gone. */
  | { readonly action: "none" };

export interface PlanInput {
  readonly source: ListedObject | undefined;
  readonly target: ListedObject | undefined;
  readonly known: ObjectRecord | undefined;
  /** Why the target cannot take the object, or why it is left out. */
  readonly obstacle:
    | { readonly action: "skip"; readonly reason: SkipReason }
    | { readonly action: "refuse"; readonly reason: RefuseReason; readonly message: string }
    | undefined;
  /** The user gave up objects of the target that are not ours. */
  readonly overwrite: boolean;
}

/**
 * What to do about one key.
 *
 * | source | target | on record | decision |
 * | --- | --- | --- | --- |
 * | no  | no  | no, or vanished | none |
 * | no  | any | yes | vanish |
 * | no  | yes | no | targetOnly |
 * | yes | any | any | refuse, where something is in the way |
 * | yes | ours | put, source as it was | keep, also where it would be skipped now: leaving out undoes nothing |
 * | yes | any | any | skip, where it is left out |
 * | yes | no  | never put | copy: missing |
 * | yes | no  | put | copy: target-lost |
 * | yes | ours | put, source changed | copy: source-changed |
 * | yes | not ours | put | copy: target-changed, or overwrite |
 * | yes | yes | never put | copy: unknown-at-target, or overwrite |
 */
export function planObject(input: PlanInput): PlanDecision {
  const { source, target, known, obstacle } = input;
  if (source === undefined) {
    if (known !== undefined) return known.state === "vanished" ? { action: "none" } : { action: "vanish" };
    return target === undefined ? { action: "none" } : { action: "targetOnly" };
  }
  if (obstacle?.action === "refuse") return obstacle;
  const decision = planListed(source, input);
  return obstacle === undefined || decision.action === "keep" ? decision : obstacle;
}

/** What to do about an object that nothing is in the way of. */
function planListed(source: ListedObject, { target, known, overwrite }: PlanInput): PlanDecision {
  const wasPut = known !== undefined && known.targetSize !== null;
  if (target === undefined) return { action: "copy", reason: wasPut ? "target-lost" : "missing" };
  if (!wasPut) return { action: "copy", reason: overwrite ? "overwrite" : "unknown-at-target" };
  if (!isOurCopy(target, known)) return { action: "copy", reason: overwrite ? "overwrite" : "target-changed" };
  if (known.reason === "target-damaged") return { action: "copy", reason: "target-damaged" };
  if (!isUnchanged(source, known)) return { action: "copy", reason: "source-changed" };
  return known.state === "copied" || known.state === "verified"
    ? { action: "keep" }
    : { action: "copy", reason: "source-changed" };
}

/** A listing without ETags leaves the size; verifying looks closer. */
export function isOurCopy(target: ListedObject, known: ObjectRecord): boolean {
  if (target.size !== known.targetSize) return false;
  return target.etag === undefined || known.targetEtag === null || target.etag === known.targetEtag;
}

/**
 * Whether the source still holds what was recorded, as far as a listing can tell. An ETag decides where there is one; size
 * and time are only a hint (S4), which `verify --deep` makes certain.
 */
export function isUnchanged(source: ListedObject, known: ObjectRecord): boolean {
  if (source.size !== known.size) return false;
  if (source.etag !== undefined && known.etag !== null) return source.etag === known.etag;
  if (source.lastModified !== undefined && known.lastModified !== null) {
    return source.lastModified.getTime() === known.lastModified;
  }
  return true;
}
