import type { ServiceDatabase } from "../database/open-database.ts";
import type { BackgroundTask } from "./background.ts";

/**
 * Forgets what has had its time: uploads that were not completed (their objects have their own notes), those whose result
 * stands in another row, and remembered answers.
 */
export function endOfUploads(db: ServiceDatabase): BackgroundTask {
  return {
    name: "end-of-uploads",
    async step() {
      const now = new Date().toISOString();
      await db
        .deleteFrom("bucketferry_uploads")
        .where("expires_at", "<", now)
        .where((where) => where.or([where("state", "=", "open"), where("purpose", "<>", "file")]))
        .execute();
      await db.deleteFrom("bucketferry_idempotency").where("expires_at", "<", now).execute();
      return "idle";
    },
  };
}
