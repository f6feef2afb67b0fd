import { StorageError } from "@bucketferry/storage-core";
import type { ObjectInfo, ReadConditionOptions } from "@bucketferry/storage-core/provider";

/**
 * The order of RFC 9110 §13.2.2: If-Match, else If-Unmodified-Since; then If-None-Match, else If-Modified-Since.
 * Times are compared in whole seconds, as HTTP dates are.
 */
export function requireReadConditions(info: ObjectInfo, options: ReadConditionOptions): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = options;
  if (ifMatch === undefined ? isAfter(info.lastModified, ifUnmodifiedSince) : ifMatch !== info.etag) {
    throw new StorageError("PreconditionFailed", "the object is not the version that was asked for");
  }
  const unchanged =
    ifNoneMatch === undefined
      ? ifModifiedSince !== undefined && !isAfter(info.lastModified, ifModifiedSince)
      : ifNoneMatch === info.etag;
  if (unchanged) throw new StorageError("NotModified", "the object has not changed");
}

function isAfter(date: Date, limit: Date | undefined): boolean {
  return limit !== undefined && Math.floor(date.getTime() / 1000) > Math.floor(limit.getTime() / 1000);
}
