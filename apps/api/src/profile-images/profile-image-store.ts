import type { PutResult } from "@bucketferry/storage-core";
import type { Selectable, Transaction } from "kysely";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { ProfileImageTable, ServiceTables } from "../database/tables.ts";
import { Problem } from "../problem/problem.ts";
import { noteUnneeded } from "../uploads/stored-object.ts";

export type ProfileImageRow = Selectable<ProfileImageTable>;

export function findProfileImage(
  db: ServiceDatabase | Transaction<ServiceTables>,
  userId: string,
): Promise<ProfileImageRow | undefined> {
  return db.selectFrom("profile_images").selectAll().where("user_id", "=", userId).executeTakeFirst();
}

/** Gives a user a new image and notes the one before for deletion, both or neither. */
export async function attachProfileImage(
  transaction: Transaction<ServiceTables>,
  userId: string,
  image: { readonly put: Pick<PutResult, "key" | "size" | "etag">; readonly url: string; readonly contentType: string },
): Promise<ProfileImageRow> {
  const before = await findProfileImage(transaction, userId);
  const now = new Date();
  const row: ProfileImageRow = {
    user_id: userId,
    image_key: image.put.key,
    image_url: image.url,
    content_type: image.contentType,
    size_bytes: image.put.size,
    etag: image.put.etag,
    updated_at: now.toISOString(),
  };
  // Only over what was read: of two uploads at once each takes the other's image out, or is told to try again.
  const written =
    before === undefined
      ? (
          await transaction
            .insertInto("profile_images")
            .values(row)
            .onConflict((conflict) => conflict.doNothing())
            .executeTakeFirst()
        ).numInsertedOrUpdatedRows
      : (
          await transaction
            .updateTable("profile_images")
            .set(row)
            .where("user_id", "=", userId)
            .where("image_key", "=", before.image_key)
            .executeTakeFirst()
        ).numUpdatedRows;
  if ((written ?? 0n) === 0n) throw new Problem("Conflict", "Another upload of this image ended at the same moment.");
  if (before !== undefined) await noteUnneeded(transaction, before.image_key, now);
  return row;
}

export async function deleteProfileImage(db: ServiceDatabase, userId: string): Promise<ProfileImageRow | undefined> {
  return db.transaction().execute(async (transaction) => {
    const row = await transaction
      .deleteFrom("profile_images")
      .where("user_id", "=", userId)
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) await noteUnneeded(transaction, row.image_key, new Date());
    return row;
  });
}
