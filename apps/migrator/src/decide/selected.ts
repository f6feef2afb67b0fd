import type { Selection } from "@bucketferry/config";

/** One object as far as a selection looks at it. */
export interface SelectableObject {
  readonly key: string;
  readonly size: number;
  readonly lastModified?: Date | undefined;
}

export type LeftOutReason =
  | "not-included"
  | "excluded"
  | "below-min-size"
  | "above-max-size"
  | "modified-before"
  | "modified-after"
  /** A time is asked for, and this listing has none: an object is not taken up on a guess. */
  | "modified-unknown";

/** Why a selection leaves an object out; undefined when it takes it up. */
export function leftOutBy(selection: Selection, object: SelectableObject): LeftOutReason | undefined {
  const { include, exclude, minSizeBytes, maxSizeBytes, modifiedAfter, modifiedBefore } = selection;
  if (exclude.some((glob) => glob.matches(object.key))) return "excluded";
  if (include !== undefined && !include.some((glob) => glob.matches(object.key))) return "not-included";
  if (minSizeBytes !== undefined && object.size < minSizeBytes) return "below-min-size";
  if (maxSizeBytes !== undefined && object.size > maxSizeBytes) return "above-max-size";
  if (modifiedAfter === undefined && modifiedBefore === undefined) return undefined;
  if (object.lastModified === undefined) return "modified-unknown";
  if (modifiedAfter !== undefined && object.lastModified < modifiedAfter) return "modified-before";
  if (modifiedBefore !== undefined && object.lastModified >= modifiedBefore) return "modified-after";
  return undefined;
}
