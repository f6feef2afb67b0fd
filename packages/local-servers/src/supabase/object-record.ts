import { toIso } from "./clock.ts";
import type { ObjectRow } from "./rows.ts";

/** The `metadata` column: what the backend said of the file. */
export function systemMetadata(row: ObjectRow): Record<string, unknown> {
  const { etag, contentType, cacheControl, contentEncoding, fileTimeUs, xRobotsTag } = row.attributes;
  return {
    eTag: etag,
    size: row.body.size,
    mimetype: contentType,
    cacheControl,
    lastModified: toIso(fileTimeUs),
    contentLength: row.body.size,
    httpStatusCode: 200,
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    ...(xRobotsTag === null ? {} : { xRobotsTag }),
  };
}

/** `last_accessed_at` is not maintained: it stays at the time of creation. */
export function rowTimes(row: ObjectRow): Record<"updated_at" | "created_at" | "last_accessed_at", string> {
  const { updatedAtUs, createdAtUs } = row.attributes;
  return {
    updated_at: toIso(updatedAtUs),
    created_at: toIso(createdAtUs),
    last_accessed_at: toIso(createdAtUs),
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The whole row, as copy and remove report it. */
export function fullRecord(bucket: string, row: ObjectRow): Record<string, unknown> {
  const { id, version, ownerId, userMetadata } = row.attributes;
  return {
    name: row.key,
    bucket_id: bucket,
    // The older of the two columns for owners takes UUIDs only.
    owner: ownerId !== null && UUID.test(ownerId) ? ownerId : null,
    owner_id: ownerId,
    version,
    id,
    ...rowTimes(row),
    metadata: systemMetadata(row),
    user_metadata: userMetadata,
  };
}
