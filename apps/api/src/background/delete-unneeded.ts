import type { StorageProvider } from "@bucketferry/storage-core";
import type { Logger } from "pino";
import type { ServiceDatabase } from "../database/open-database.ts";
import { dropParts } from "../uploads/drop-parts.ts";
import type { BackgroundTask } from "./background.ts";

const AT_ONCE = 20;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;

/** Deletes the objects that no row needs, once their time has come. Deleting twice is no error, so instances may race. */
export function deleteUnneeded({
  db,
  storage,
  log,
}: {
  readonly db: ServiceDatabase;
  readonly storage: StorageProvider;
  readonly log: Logger;
}): BackgroundTask {
  return {
    name: "delete-unneeded",
    async step(signal) {
      const due = await db
        .selectFrom("bucketferry_unneeded_objects")
        .selectAll()
        .where("due_at", "<=", new Date().toISOString())
        .orderBy("due_at")
        .limit(AT_ONCE)
        .execute();
      for (const { object_key: key, due_at, attempts } of due) {
        if (signal.aborted) return "idle";
        const note = db.deleteFrom("bucketferry_unneeded_objects").where("object_key", "=", key);
        // A row that holds the key after all wins: an object too many costs money, one too few is lost.
        if (await isNeeded(db, key)) {
          await note.where("due_at", "=", due_at).execute();
          continue;
        }
        // Said before it begins: whoever would put the key into a row from now on is refused (`claimObject`).
        const wait = Math.min(FIRST_RETRY_MS * 2 ** attempts, LONGEST_RETRY_MS);
        const again = new Date(Date.now() + wait).toISOString();
        const { numUpdatedRows } = await db
          .updateTable("bucketferry_unneeded_objects")
          .set({ due_at: again, attempts: attempts + 1 })
          .where("object_key", "=", key)
          .where("due_at", "=", due_at)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) continue;
        try {
          await storage.delete(key, { signal });
          await dropParts({ storage, log }, key, signal);
          await note.where("due_at", "=", again).execute();
        } catch (error) {
          if (signal.aborted) return "idle";
          log.warn({ key, err: error }, "an object could not be deleted yet");
        }
      }
      return due.length === AT_ONCE ? "more" : "idle";
    },
  };
}

async function isNeeded(db: ServiceDatabase, key: string): Promise<boolean> {
  const rows = await Promise.all([
    db.selectFrom("lectures").select("id").where("audio_key", "=", key).executeTakeFirst(),
    db.selectFrom("profile_images").select("user_id").where("image_key", "=", key).executeTakeFirst(),
    // A plain file has no other row than the upload that brought it.
    db
      .selectFrom("bucketferry_uploads")
      .select("id")
      .where("object_key", "=", key)
      .where("purpose", "=", "file")
      .where("state", "=", "complete")
      .executeTakeFirst(),
  ]);
  return rows.some((row) => row !== undefined);
}
