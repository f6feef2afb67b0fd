import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { LedgerTables } from "./tables.ts";

/** Parts remember the hash of what was sent. Those of an older ledger have none, and are sent again. */
export const partHashes: Migration = {
  async up(db: Kysely<LedgerTables>): Promise<void> {
    await db.schema
      .alterTable("upload_parts")
      .addColumn("sha256", "text", (column) => column.notNull().defaultTo(""))
      .execute();
  },
};
