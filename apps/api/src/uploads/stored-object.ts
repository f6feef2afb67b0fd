import type { PutResult } from "@bucketferry/storage-core";
import type { Transaction } from "kysely";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { ServiceTables } from "../database/tables.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import type { IncomingFile } from "./incoming-file.ts";
import { wholeIfSmall } from "./whole-if-small.ts";

/** How long after its upload began an object that no row has taken is kept: longer than any upload lasts. */
export const UNCLAIMED_MS = 24 * 3_600_000;

/**
 * What one upload holds in memory: one part on its way and one that fills, of the least size that S3 takes
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). A service has many uploads at once, and a client's
 * connection is slower than storage.
 */
export const UPLOAD_MEMORY = { partSizeBytes: 5 * 1024 * 1024, concurrency: 1 };

/**
 * Stores a file and gives it to a row, so that neither is ever without the other: the key is noted as unneeded first, and
 * the note is taken back in the transaction in which `claim` writes the row. Whatever fails or dies in between leaves an
 * object that the background work finds by its note and deletes.
 */
export async function storeObject<T>(
  { storage, db, background, metrics }: Service,
  key: string,
  file: Pick<IncomingFile, "content" | "length"> & { readonly type: { readonly contentType: string } },
  signal: AbortSignal,
  claim: (transaction: Transaction<ServiceTables>, put: PutResult) => Promise<T>,
): Promise<T> {
  await noteUnneeded(db, key, new Date(Date.now() + UNCLAIMED_MS));
  try {
    const put = await storage.put(key, await wholeIfSmall(file.content, file.length), {
      contentType: file.type.contentType,
      contentLength: file.length,
      ...UPLOAD_MEMORY,
      signal,
    });
    metrics.storedBytes("in", put.size);
    return await db.transaction().execute(async (transaction) => {
      await claimObject(transaction, key);
      return claim(transaction, put);
    });
  } catch (error) {
    await noteUnneeded(db, key, new Date()).catch(() => undefined);
    throw error;
  } finally {
    background.wake();
  }
}

/**
 * Within the transaction that puts the key into a row.
 * @throws Problem Expired when its time was over and its deletion has begun
 */
export async function claimObject(transaction: Transaction<ServiceTables>, key: string): Promise<void> {
  const { numDeletedRows } = await transaction
    .deleteFrom("bucketferry_unneeded_objects")
    .where("object_key", "=", key)
    .where("attempts", "=", 0)
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) throw new Problem("Expired", "The upload took too long, and was deleted.");
}

/** The object is deleted from storage once `dueAt` has come; within the transaction that takes its key out of a row. */
export async function noteUnneeded(
  db: ServiceDatabase | Transaction<ServiceTables>,
  key: string,
  dueAt: Date,
): Promise<void> {
  const due = dueAt.toISOString();
  await db
    .insertInto("bucketferry_unneeded_objects")
    .values({ object_key: key, due_at: due, attempts: 0 })
    .onConflict((conflict) => conflict.column("object_key").doUpdateSet({ due_at: due }))
    .execute();
}
