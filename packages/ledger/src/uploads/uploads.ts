import type { Kysely } from "kysely";
import type { LedgerTables, UploadPartsTable, UploadsTable } from "../schema/tables.ts";

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
  /** Of the bytes that were sent, lower-case hex: a part that is read again must be the same to stand for this one. */
  readonly sha256: string;
}

export type UploadWithParts = UploadRecord & { readonly parts: readonly UploadPartRecord[] };

/** What stands in the column for an id that is not known; no service gives an empty one. */
const NO_ID = "";

/** Replaces what was known of an earlier upload of the same object, its parts included. */
export async function startUpload(db: Kysely<LedgerTables>, routeId: number, upload: UploadRecord): Promise<void> {
  await forgetUpload(db, routeId, upload.key);
  await db
    .insertInto("uploads")
    .values({
      route_id: routeId,
      key: upload.key,
      upload_id: upload.uploadId ?? NO_ID,
      target_key: upload.targetKey,
      source_etag: upload.sourceEtag,
      size: upload.size,
      part_size: upload.partSizeBytes,
      started_at: upload.startedAt,
    })
    .execute();
}

export async function recordPart(
  db: Kysely<LedgerTables>,
  routeId: number,
  key: string,
  part: UploadPartRecord,
): Promise<void> {
  const { partNumber, etag, size, sha256 } = part;
  const row = { route_id: routeId, key, part_number: partNumber, etag, size, sha256 };
  await db
    .insertInto("upload_parts")
    .values(row)
    .onConflict((conflict) => conflict.columns(["route_id", "key", "part_number"]).doUpdateSet(row))
    .execute();
}

export async function findUpload(
  db: Kysely<LedgerTables>,
  route: string,
  routeId: number,
  key: string,
): Promise<UploadWithParts | undefined> {
  const row = await db
    .selectFrom("uploads")
    .selectAll()
    .where("route_id", "=", routeId)
    .where("key", "=", key)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const parts = await db
    .selectFrom("upload_parts")
    .selectAll()
    .where("route_id", "=", routeId)
    .where("key", "=", key)
    .orderBy("part_number")
    .execute();
  return { ...recordOf(route, row), parts: parts.map(partOf) };
}

/** One page, in key order. There are never more than were under way at once, and those that killed runs have left. */
export async function uploadPage(
  db: Kysely<LedgerTables>,
  request: {
    readonly route: string;
    readonly routeId: number;
    readonly after: string | undefined;
    readonly limit: number;
  },
): Promise<readonly UploadRecord[]> {
  const { route, routeId, after, limit } = request;
  let query = db.selectFrom("uploads").selectAll().where("route_id", "=", routeId);
  if (after !== undefined) query = query.where("key", ">", after);
  const rows = await query.orderBy("key").limit(limit).execute();
  return rows.map((row) => recordOf(route, row));
}

export async function forgetUpload(db: Kysely<LedgerTables>, routeId: number, key: string): Promise<void> {
  await db.deleteFrom("upload_parts").where("route_id", "=", routeId).where("key", "=", key).execute();
  await db.deleteFrom("uploads").where("route_id", "=", routeId).where("key", "=", key).execute();
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
  return { partNumber: row.part_number, etag: row.etag, size: row.size, sha256: row.sha256 };
}
