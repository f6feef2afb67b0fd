import type { ObjectsTable } from "../schema/tables.ts";
import { placeholders, type SqlValue } from "../sqlite/sql.ts";
import type { NotCarried, ObjectChange, ObjectRecord } from "./object-record.ts";

/** The columns that a change sets, in the order of `valuesOf`, and behind them those that say which row it is. */
const SET_COLUMNS = [
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
const ROW_COLUMNS = ["route_id", "key"] as const satisfies readonly (keyof ObjectsTable)[];
const COLUMNS = [...SET_COLUMNS, ...ROW_COLUMNS];

/** Takes `valuesOf`. */
export const INSERT_OBJECT = `
  insert into objects (${COLUMNS.join(", ")}) values (${placeholders(COLUMNS)})
  on conflict (route_id, key) do nothing`;

/** Takes `valuesOf`, and the state that the row has to be in. */
export const UPDATE_OBJECT = `
  update objects set ${SET_COLUMNS.map((column) => `${column} = ?`).join(", ")}
  where ${ROW_COLUMNS.map((column) => `${column} = ?`).join(" and ")} and state = ?`;

/** Longest message that is kept; a service's answer can be a whole HTML page. */
const LONGEST_MESSAGE = 500;

/** Written out, since it runs for every step of every object. */
export function valuesOf(change: ObjectChange, routeId: number, now: number): SqlValue[] {
  return [
    change.state,
    change.reason,
    change.size,
    change.etag,
    change.version,
    change.lastModified,
    change.contentType,
    change.sha256,
    change.targetKey,
    change.targetEtag,
    change.targetSize,
    change.evidence,
    change.notCarried === null ? null : JSON.stringify(change.notCarried),
    change.attempts,
    change.errorCode,
    change.errorMessage?.slice(0, LONGEST_MESSAGE) ?? null,
    now,
    routeId,
    change.key,
  ];
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
