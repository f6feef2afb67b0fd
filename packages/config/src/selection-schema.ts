import { keyGlob, KeyGlobError, type KeyGlob } from "@bucketferry/storage-core";
import { z } from "zod";
import { byteSize } from "./byte-size-schema.ts";

/** Which objects a route takes up, by what a listing says of them. */
export interface Selection {
  /** Undefined: every key. */
  readonly include: readonly KeyGlob[] | undefined;
  /** Wins over `include`. */
  readonly exclude: readonly KeyGlob[];
  readonly minSizeBytes: number | undefined;
  readonly maxSizeBytes: number | undefined;
  /** At this time or later. */
  readonly modifiedAfter: Date | undefined;
  /** Before this time. */
  readonly modifiedBefore: Date | undefined;
}

const glob = z.string().transform((pattern, context) => {
  try {
    return keyGlob(pattern);
  } catch (error) {
    if (!(error instanceof KeyGlobError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});

/** A day begins at midnight UTC; a time without its zone would be another one on another machine. */
const time = z.string().transform((text, context) => {
  const at = parseTime(text);
  if (at !== undefined) return at;
  context.addIssue({
    code: "custom",
    message: `is not a time: write it as "2026-01-31" or "2026-01-31T12:00:00Z".`,
  });
  return z.NEVER;
});

/** ISO 8601 with a zone, or a day in UTC; undefined for anything else. */
export function parseTime(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** Fields of `copy` and of each route; a route's own take the place of the common ones, field by field. */
export const selectionFields = {
  include: z.array(glob).min(1).optional().describe("Patterns of keys that are taken up; default: every key."),
  exclude: z.array(glob).optional().describe("Patterns of keys that are left out; wins over include."),
  minSize: byteSize.optional().describe("Smaller objects are left out."),
  maxSize: byteSize.optional().describe("Larger objects are left out."),
  modifiedAfter: time.optional().describe("Objects that were last modified before this time are left out."),
  modifiedBefore: time.optional().describe("Objects that were last modified at this time or later are left out."),
};

type SelectionFields = z.output<z.ZodObject<typeof selectionFields>>;

export function selectionOf(common: SelectionFields, own: SelectionFields): Selection {
  return {
    include: own.include ?? common.include,
    exclude: own.exclude ?? common.exclude ?? [],
    minSizeBytes: own.minSize ?? common.minSize,
    maxSizeBytes: own.maxSize ?? common.maxSize,
    modifiedAfter: own.modifiedAfter ?? common.modifiedAfter,
    modifiedBefore: own.modifiedBefore ?? common.modifiedBefore,
  };
}
