import type { Selectable, Transaction } from "kysely";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { ServiceTables, UploadTable } from "../database/tables.ts";
import { noteUnneeded } from "../uploads/stored-object.ts";

export type UploadRow = Selectable<UploadTable>;

/** After its end an upload can no longer be completed, but one that is being completed at this moment can. */
const GRACE_MS = 15 * 60_000;

/**
 * Announces an upload. Its object is noted for deletion after its end. Completing an upload by tus takes that back; what was
 * sent straight to storage has been copied by then, and the request that it was sent by works on until that end.
 */
export async function insertUpload(transaction: Transaction<ServiceTables>, row: UploadRow): Promise<void> {
  await transaction.insertInto("bucketferry_uploads").values(row).execute();
  await noteUnneeded(transaction, row.object_key, new Date(Date.parse(row.expires_at) + GRACE_MS));
}

export function findUpload(
  db: ServiceDatabase | Transaction<ServiceTables>,
  id: string,
): Promise<UploadRow | undefined> {
  return db.selectFrom("bucketferry_uploads").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Its object is `key` from now on. Answers false when somebody else has completed or ended it since. */
export async function markComplete(transaction: Transaction<ServiceTables>, id: string, key: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("bucketferry_uploads")
    .set({ state: "complete", object_key: key })
    .where("id", "=", id)
    .where("state", "=", "open")
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Ends an upload by tus before its time; its object goes with it. */
export async function dropUpload(db: ServiceDatabase, upload: UploadRow): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    if (await deleteOpen(transaction, upload.id)) await noteUnneeded(transaction, upload.object_key, new Date());
  });
}

/** Answers false when somebody else has completed or ended it since. */
export async function deleteOpen(db: ServiceDatabase | Transaction<ServiceTables>, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom("bucketferry_uploads")
    .where("id", "=", id)
    .where("state", "=", "open")
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}
