import type { Selectable } from "kysely";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { UploadTable } from "../database/tables.ts";
import type { BackgroundTask } from "./background.ts";

const AT_ONCE = 20;

/**
 * Forgets what has had its time: uploads that were not completed (their objects have their own notes), those whose result
 * stands in another row, and remembered answers.
 */
export function endOfUploads(
  db: ServiceDatabase,
  discard: (upload: Selectable<UploadTable>) => Promise<void>,
): BackgroundTask {
  return {
    name: "end-of-uploads",
    async step() {
      const now = new Date().toISOString();
      const ended = await db
        .selectFrom("bucketferry_uploads")
        .selectAll()
        .where("expires_at", "<", now)
        .where((where) => where.or([where("state", "=", "open"), where("purpose", "<>", "file")]))
        .orderBy("expires_at")
        .limit(AT_ONCE)
        .execute();
      for (const upload of ended) {
        if (upload.state === "open") await discard(upload);
        await db.deleteFrom("bucketferry_uploads").where("id", "=", upload.id).where("expires_at", "<", now).execute();
      }
      await db.deleteFrom("bucketferry_idempotency").where("expires_at", "<", now).execute();
      return ended.length === AT_ONCE ? "more" : "idle";
    },
  };
}
