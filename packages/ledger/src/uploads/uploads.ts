import type { UploadPartsTable, UploadsTable } from "../schema/tables.ts";
import type { Sql } from "../sqlite/sql.ts";

/** A multipart upload under way: what another process needs to go on with it. */
export interface UploadRecord {
  readonly route: string;
  readonly key: string;
  /** Null: the target was, or is just being, asked for an upload, and what it answered is not known. */
  readonly uploadId: string | null;
  readonly targetKey: string;
  /** The version of the source that the parts are of. */
  readonly sourceEtag: string;
  readonly size: number;
  readonly partSizeBytes: number;
  /** Before the target was asked. */
  readonly startedAt: number;
}

export interface UploadPartRecord {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  /**
   * SHA-256 or MD5 of the bytes that were sent, lower-case hex: a part that is read again must have the same to stand for this
   * one. Which of them follows from the target, and their lengths differ, so one is never taken for the other.
   */
  readonly digest: string;
}

export type UploadWithParts = UploadRecord & { readonly parts: readonly UploadPartRecord[] };

/** What stands in the column for an id that is not known; no service gives an empty one. */
const NO_ID = "";

/** Replaces what was known of an earlier upload of the same object, its parts included. */
export function startUpload(sql: Sql, routeId: number, upload: UploadRecord): void {
  forgetUpload(sql, routeId, upload.key);
  sql.run(
    `insert into uploads (route_id, key, upload_id, target_key, source_etag, size, part_size, started_at)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    routeId,
    upload.key,
    upload.uploadId ?? NO_ID,
    upload.targetKey,
    upload.sourceEtag,
    upload.size,
    upload.partSizeBytes,
    upload.startedAt,
  );
}

export function recordPart(
  sql: Sql,
  routeId: number,
  key: string,
  { partNumber, etag, size, digest }: UploadPartRecord,
): void {
  sql.run(
    `insert into upload_parts (route_id, key, part_number, etag, size, digest) values (?, ?, ?, ?, ?, ?)
     on conflict (route_id, key, part_number)
     do update set etag = excluded.etag, size = excluded.size, digest = excluded.digest`,
    routeId,
    key,
    partNumber,
    etag,
    size,
    digest,
  );
}

export function findUpload(sql: Sql, route: string, routeId: number, key: string): UploadWithParts | undefined {
  const row = sql.first<UploadsTable>("select * from uploads where route_id = ? and key = ?", routeId, key);
  if (row === undefined) return undefined;
  const parts = sql.all<UploadPartsTable>(
    "select * from upload_parts where route_id = ? and key = ? order by part_number",
    routeId,
    key,
  );
  return { ...recordOf(route, row), parts: parts.map(partOf) };
}

/** One page, in key order. There are never more than were under way at once, and those that killed runs have left. */
export function uploadPage(
  sql: Sql,
  request: {
    readonly route: string;
    readonly routeId: number;
    readonly after: string | undefined;
    readonly limit: number;
  },
): readonly UploadRecord[] {
  const { route, routeId, after = "", limit } = request;
  return sql
    .all<UploadsTable>(
      "select * from uploads where route_id = ? and key > ? order by key limit ?",
      routeId,
      after,
      limit,
    )
    .map((row) => recordOf(route, row));
}

export function forgetUpload(sql: Sql, routeId: number, key: string): void {
  sql.run("delete from upload_parts where route_id = ? and key = ?", routeId, key);
  sql.run("delete from uploads where route_id = ? and key = ?", routeId, key);
}

function recordOf(route: string, row: UploadsTable): UploadRecord {
  return {
    route,
    key: row.key,
    uploadId: row.upload_id === NO_ID ? null : row.upload_id,
    targetKey: row.target_key,
    sourceEtag: row.source_etag,
    size: row.size,
    partSizeBytes: row.part_size,
    startedAt: row.started_at,
  };
}

function partOf(row: UploadPartsTable): UploadPartRecord {
  return { partNumber: row.part_number, etag: row.etag, size: row.size, digest: row.digest };
}
