import type { Kysely } from "kysely";
import type { LedgerTables } from "../schema/tables.ts";

/** A multipart upload under way: what another process needs to go on with it. */
export interface UploadRecord {
  readonly route: string;
  readonly key: string;
  readonly uploadId: string;
  readonly targetKey: string;
  /** The version of the source that the parts are of. */
  readonly sourceEtag: string;
  readonly size: number;
  readonly partSizeBytes: number;
  readonly startedAt: number;
}

export interface UploadPartRecord {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
}

/** Replaces what was known of an earlier upload of the same object. */
export async function startUpload(db: Kysely<LedgerTables>, routeId: number, upload: UploadRecord): Promise<void> {
  await forgetUpload(db, routeId, upload.key);
  await db
    .insertInto("uploads")
    .values({
      route_id: routeId,
      key: upload.key,
      upload_id: upload.uploadId,
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
  const row = { route_id: routeId, key, part_number: part.partNumber, etag: part.etag, size: part.size };
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
): Promise<(UploadRecord & { readonly parts: readonly UploadPartRecord[] }) | undefined> {
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
  return {
    route,
    key: row.key,
    uploadId: row.upload_id,
    targetKey: row.target_key,
    sourceEtag: row.source_etag,
    size: row.size,
    partSizeBytes: row.part_size,
    startedAt: row.started_at,
    parts: parts.map((part) => ({ partNumber: part.part_number, etag: part.etag, size: part.size })),
  };
}

export async function forgetUpload(db: Kysely<LedgerTables>, routeId: number, key: string): Promise<void> {
  await db.deleteFrom("upload_parts").where("route_id", "=", routeId).where("key", "=", key).execute();
  await db.deleteFrom("uploads").where("route_id", "=", routeId).where("key", "=", key).execute();
}
