/** The part of a stored object that conditions look at. */
export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
}

/** Values of the four conditional headers, as they came. */
export interface ReadConditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

export type ReadVerdict = "proceed" | "notModified" | "preconditionFailed";

/**
 * RFC 9110 §13.2.2: If-Match decides before If-Unmodified-Since, If-None-Match before If-Modified-Since, and a date
 * that does not parse is as if it were not there.
 */
export function judgeRead(conditions: ReadConditions, object: Validators): ReadVerdict {
  if (conditions.ifMatch !== undefined) {
    if (!matchesEtag(conditions.ifMatch, object.etag)) return "preconditionFailed";
  } else if (wasModifiedSince(conditions.ifUnmodifiedSince, object) === true) {
    return "preconditionFailed";
  }
  if (conditions.ifNoneMatch !== undefined) {
    return matchesEtag(conditions.ifNoneMatch, object.etag) ? "notModified" : "proceed";
  }
  return wasModifiedSince(conditions.ifModifiedSince, object) === false ? "notModified" : "proceed";
}

export type WriteVerdict = "proceed" | "preconditionFailed" | "missing";

/** Conditions on a write. `missing`: If-Match on a key without an object, which S3 answers with 404. */
export function judgeWrite(
  conditions: { readonly ifMatch: string | undefined; readonly ifNoneMatch: string | undefined },
  current: Validators | undefined,
): WriteVerdict {
  if (conditions.ifNoneMatch !== undefined && current !== undefined) return "preconditionFailed";
  if (conditions.ifMatch === undefined) return "proceed";
  if (current === undefined) return "missing";
  return matchesEtag(conditions.ifMatch, current.etag) ? "proceed" : "preconditionFailed";
}

/** `*`, one ETag or a list of them, each with or without quotes. */
export function matchesEtag(header: string, etag: string): boolean {
  return header
    .split(",")
    .map((candidate) => candidate.trim())
    .some((candidate) => candidate === "*" || candidate.replace(/^"(.*)"$/, "$1") === etag);
}

/** HTTP dates have no fractions of a second, so neither has the comparison. */
function wasModifiedSince(date: string | undefined, object: Validators): boolean | undefined {
  if (date === undefined) return undefined;
  const time = Date.parse(date);
  if (Number.isNaN(time)) return undefined;
  return Math.floor(object.modifiedAtMs / 1000) > Math.floor(time / 1000);
}
