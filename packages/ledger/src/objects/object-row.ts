import type { ObjectsTable } from "../schema/tables.ts";
import type { NotCarried, ObjectChange, ObjectRecord } from "./object-record.ts";

/** In the order in which the parameters of the hot statements are laid out. */
export const OBJECT_COLUMNS = [
  "route_id",
  "key",
  "state",
  "reason",
  "size",
  "etag",
  "version",
  "last_modified",
  "content_type",
  "sha256",
  "target_key",
  "target_etag",
  "target_size",
  "evidence",
  "not_carried",
  "attempts",
  "error_code",
  "error_message",
  "updated_at",
] as const satisfies readonly (keyof ObjectsTable)[];

/** Longest message that is kept; a service's answer can be a whole HTML page. */
const LONGEST_MESSAGE = 500;

export function rowOf(change: ObjectChange, routeId: number, now: number): ObjectsTable {
  return {
    route_id: routeId,
    key: change.key,
    state: change.state,
    reason: change.reason,
    size: change.size,
    etag: change.etag,
    version: change.version,
    last_modified: change.lastModified,
    content_type: change.contentType,
    sha256: change.sha256,
    target_key: change.targetKey,
    target_etag: change.targetEtag,
    target_size: change.targetSize,
    evidence: change.evidence,
    not_carried: change.notCarried === null ? null : JSON.stringify(change.notCarried),
    attempts: change.attempts,
    error_code: change.errorCode,
    error_message: change.errorMessage?.slice(0, LONGEST_MESSAGE) ?? null,
    updated_at: now,
  };
}

export function recordOf(row: ObjectsTable, route: string): ObjectRecord {
  return {
    route,
    key: row.key,
    state: row.state,
    reason: row.reason,
    size: row.size,
    etag: row.etag,
    version: row.version,
    lastModified: row.last_modified,
    contentType: row.content_type,
    sha256: row.sha256,
    targetKey: row.target_key,
    targetEtag: row.target_etag,
    targetSize: row.target_size,
    evidence: row.evidence,
    notCarried: row.not_carried === null ? null : (JSON.parse(row.not_carried) as NotCarried),
    attempts: row.attempts,
    errorCode: row.error_code,
    errorMessage: row.error_message,
    updatedAt: row.updated_at,
  };
}
