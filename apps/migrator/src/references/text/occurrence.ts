import type { UrlKind } from "@bucketferry/storage-core/provider";

/** One way to read a piece of text as a URL of a route. */
export interface Reading {
  readonly route: string;
  readonly side: "source" | "target";
  /** Of the object, at the side that the URL names. */
  readonly key: string;
  readonly kind: UrlKind;
  /** Where the URL ends in the cell's text. */
  readonly end: number;
  /** What of the query stays with the object when the URL changes, without its `?`. */
  readonly query: string;
  readonly fragment: string;
  /** How a new URL is written in this place of this text. */
  write(url: string): string;
}

/** A piece of a cell's text that names an object of ours, in one or several readings. */
export interface Occurrence {
  /** Offset in the cell's text. */
  readonly start: number;
  /** JSON path within the cell. */
  readonly path: string | undefined;
  /** Likeliest first; at least one. Readings of one `rank` are equally likely. */
  readonly readings: readonly (Reading & { readonly rank: number })[];
  readonly bounded: boolean;
}
