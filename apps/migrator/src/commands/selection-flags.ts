import { parseTime, type Selection } from "@bucketferry/config";
import { keyGlob, KeyGlobError, type KeyGlob } from "@bucketferry/storage-core";
import { sizeOf } from "./size-flag.ts";
import { wrongFlag } from "./wrong-flag.ts";

/** The flags of a selection as they were typed. */
export interface SelectionFlags {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly minSize?: string;
  readonly maxSize?: string;
  readonly modifiedAfter?: string;
  readonly modifiedBefore?: string;
}

/**
 * What the flags say, and nothing about what they do not.
 * @throws CommandError that names the flag, what is wrong with it, and how it is written
 */
export function selectionFrom(flags: SelectionFlags): Partial<Selection> {
  const { include, exclude, minSize, maxSize, modifiedAfter, modifiedBefore } = flags;
  return {
    ...(include && { include: include.map((pattern) => globOf("--include", pattern)) }),
    ...(exclude && { exclude: exclude.map((pattern) => globOf("--exclude", pattern)) }),
    ...(minSize !== undefined && { minSizeBytes: sizeOf("--min-size", minSize) }),
    ...(maxSize !== undefined && { maxSizeBytes: sizeOf("--max-size", maxSize) }),
    ...(modifiedAfter !== undefined && { modifiedAfter: timeOf("--modified-after", modifiedAfter) }),
    ...(modifiedBefore !== undefined && { modifiedBefore: timeOf("--modified-before", modifiedBefore) }),
  };
}

function globOf(flag: string, pattern: string): KeyGlob {
  try {
    return keyGlob(pattern);
  } catch (error) {
    if (!(error instanceof KeyGlobError)) throw error;
    throw wrongFlag(flag, pattern, error.message);
  }
}

function timeOf(flag: string, text: string): Date {
  const at = parseTime(text);
  if (at !== undefined) return at;
  throw wrongFlag(flag, text, "is not a time. Write it as 2026-01-31 or 2026-01-31T12:00:00Z.");
}
