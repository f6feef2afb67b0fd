import type { UrlKind } from "@bucketferry/storage-core/provider";
import type { Edit } from "./edits.ts";

/** What of the text goes when it is rewritten. */
export type QueryRule = "drop-service" | "drop-all" | "drop-all-and-fragment";

/** `path`: a URL without its host, whatever its path says. `key`: no URL, in a column that was said to hold keys. */
export type ReferenceKind = UrlKind | "key";

/** One way to read a piece of text as a URL of a route. */
export interface Reading {
  readonly route: string;
  /** `foreign`: it would be a URL of the route's source, were its host or its bucket the route's. */
  readonly side: "source" | "target" | "foreign";
  /** Of the object, at the side that the URL names. */
  readonly key: string;
  readonly kind: ReferenceKind;
  /** The form that the path has; differs from `kind` where that is `path`. */
  readonly form: ReferenceKind;
  /** Where the URL ends in the cell's text, with its query and fragment. */
  readonly end: number;
  /** Where its key ends in the cell's text. */
  readonly keyEnd: number;
  /** Likeliest first: readings of one rank are equally likely. */
  readonly rank: number;
  /**
   * The edits that put `replacement` in the place of the URL, written as this place of this text needs it; undefined
   * when it cannot be written here without changing what stands around it.
   */
  edits(replacement: string, rule: QueryRule): readonly Edit[] | undefined;
}

/** Why a URL that looks like one of a route is none. */
export type Foreign = "other-project" | "other-bucket";

/** A piece of a cell's text that names an object of ours, in one or several readings. */
export interface Occurrence {
  /** Offset in the cell's text. */
  readonly start: number;
  /** JSON path within the cell. */
  readonly path: string | undefined;
  /** In order of rank; at least one. */
  readonly readings: readonly Reading[];
  readonly bounded: boolean;
  /** Set when its readings are all `foreign`. */
  readonly foreign?: Foreign | undefined;
  /** Stands in more layers of JSON in JSON than are read, or is longer than any URL: found, and not to be changed. */
  readonly unreadable?: "too-deep" | "too-long" | undefined;
}
