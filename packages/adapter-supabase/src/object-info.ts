import type { ObjectEntry, ObjectInfo } from "@bucketferry/storage-core";
import { StorageError } from "@bucketferry/storage-core/provider";
import type { ObjectRecord } from "./object-record.ts";
import { metadataOf } from "./user-metadata.ts";

/**
 * What the contract says of an object.
 * @throws IncompleteBody, permanent, for a record without size: it has no bytes either
 */
export function objectInfo(key: string, record: ObjectRecord): ObjectInfo {
  if (record.size === undefined) {
    throw new StorageError("IncompleteBody", "the service has a record of the object, but no size and so no bytes", {
      persistence: "permanent",
      hint: "The row was made by SQL, or its upload failed. Upload the object again, or remove it.",
    });
  }
  return {
    key,
    size: record.size,
    etag: record.etag ?? "",
    lastModified: record.lastModified,
    metadata: metadataOf(record.userMetadata),
    ...(record.version === undefined ? {} : { version: record.version }),
    ...(record.contentType === undefined ? {} : { contentType: record.contentType }),
    ...(record.cacheControl === undefined ? {} : { cacheControl: record.cacheControl }),
    ...(record.contentEncoding === undefined ? {} : { contentEncoding: record.contentEncoding }),
  };
}

/** A record without size is listed as empty, since a listing has to name it and `head` says what is wrong with it. */
export function objectEntry(record: ObjectRecord): ObjectEntry {
  return {
    type: "object",
    key: record.name,
    size: record.size ?? 0,
    lastModified: record.lastModified,
    ...(record.etag === undefined ? {} : { etag: record.etag }),
    ...(record.contentType === undefined ? {} : { contentType: record.contentType }),
    ...(record.cacheControl === undefined ? {} : { cacheControl: record.cacheControl }),
  };
}
