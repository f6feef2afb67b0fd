import { sql, type ColumnDefinitionBuilder, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { LedgerTables } from "./tables.ts";

/**
 * The first schema. Two things differ by database, and both say the same: keys sort by their bytes, and `objects` lives
 * in its primary key (`WITHOUT ROWID` on SQLite; there is no such thing on Postgres).
 */
export function firstSchema(engine: "sqlite" | "postgres"): Migration {
  const byBytes = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder =>
    column.notNull().modifyEnd(engine === "sqlite" ? sql`collate binary` : sql`collate "C"`);

  return {
    async up(db: Kysely<LedgerTables>): Promise<void> {
      await db.schema
        .createTable("ledger")
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("fingerprint", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .addColumn("created_by", "text", (column) => column.notNull())
        .execute();

      await db.schema
        .createTable("lock")
        .addColumn("id", "integer", (column) => column.primaryKey())
        .addColumn("fence", "bigint", (column) => column.notNull())
        .addColumn("held", "integer", (column) => column.notNull())
        .addColumn("host", "text", (column) => column.notNull())
        .addColumn("host_identity", "text", (column) => column.notNull())
        .addColumn("pid", "bigint", (column) => column.notNull())
        .addColumn("process_start", "text", (column) => column.notNull())
        .addColumn("command", "text", (column) => column.notNull())
        .addColumn("acquired_at", "bigint", (column) => column.notNull())
        .addColumn("heartbeat_at", "bigint", (column) => column.notNull())
        .execute();

      await db.schema
        .createTable("routes")
        .addColumn("id", engine === "sqlite" ? "integer" : "serial", (column) => column.primaryKey())
        .addColumn("name", "text", (column) => column.notNull().unique())
        .addColumn("source_identity", "text", (column) => column.notNull())
        .addColumn("target_identity", "text", (column) => column.notNull())
        .addColumn("created_at", "bigint", (column) => column.notNull())
        .execute();

      await db.schema
        .createTable("runs")
        .addColumn("id", engine === "sqlite" ? "integer" : "bigserial", (column) => column.primaryKey())
        .addColumn("command", "text", (column) => column.notNull())
        .addColumn("version", "text", (column) => column.notNull())
        .addColumn("host", "text", (column) => column.notNull())
        .addColumn("pid", "bigint", (column) => column.notNull())
        .addColumn("started_at", "bigint", (column) => column.notNull())
        .addColumn("finished_at", "bigint")
        .addColumn("exit_code", "integer")
        .addColumn("summary", "text")
        .execute();

      const objects = db.schema
        .createTable("objects")
        .addColumn("route_id", "integer", (column) => column.notNull().references("routes.id"))
        .addColumn("key", "text", byBytes)
        .addColumn("state", "text", (column) => column.notNull())
        .addColumn("reason", "text")
        .addColumn("size", "bigint", (column) => column.notNull())
        .addColumn("etag", "text")
        .addColumn("version", "text")
        .addColumn("last_modified", "bigint")
        .addColumn("content_type", "text")
        .addColumn("sha256", "text")
        .addColumn("target_key", "text", (column) => column.notNull())
        .addColumn("target_etag", "text")
        .addColumn("target_size", "bigint")
        .addColumn("evidence", "text")
        .addColumn("not_carried", "text")
        .addColumn("attempts", "integer", (column) => column.notNull())
        .addColumn("error_code", "text")
        .addColumn("error_message", "text")
        .addColumn("updated_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("objects_pkey", ["route_id", "key"]);
      await (engine === "sqlite" ? objects.modifyEnd(sql`without rowid`) : objects).execute();

      // Serves two questions without touching the table: the next page of a state in key order, and how many objects and
      // bytes are in which state.
      await db.schema
        .createIndex("objects_by_state")
        .on("objects")
        .columns(["route_id", "state", "key", "size"])
        .execute();

      await db.schema
        .createTable("events")
        .addColumn("id", engine === "sqlite" ? "integer" : "bigserial", (column) => column.primaryKey())
        .addColumn("run_id", "bigint", (column) => column.notNull())
        .addColumn("at", "bigint", (column) => column.notNull())
        .addColumn("level", "text", (column) => column.notNull())
        .addColumn("type", "text", (column) => column.notNull())
        .addColumn("route_id", "integer")
        .addColumn("key", "text")
        .addColumn("detail", "text")
        .execute();

      await db.schema
        .createTable("uploads")
        .addColumn("route_id", "integer", (column) => column.notNull().references("routes.id"))
        .addColumn("key", "text", byBytes)
        .addColumn("upload_id", "text", (column) => column.notNull())
        .addColumn("target_key", "text", (column) => column.notNull())
        .addColumn("source_etag", "text", (column) => column.notNull())
        .addColumn("size", "bigint", (column) => column.notNull())
        .addColumn("part_size", "bigint", (column) => column.notNull())
        .addColumn("started_at", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("uploads_pkey", ["route_id", "key"])
        .execute();

      await db.schema
        .createTable("upload_parts")
        .addColumn("route_id", "integer", (column) => column.notNull())
        .addColumn("key", "text", byBytes)
        .addColumn("part_number", "integer", (column) => column.notNull())
        .addColumn("etag", "text", (column) => column.notNull())
        .addColumn("size", "bigint", (column) => column.notNull())
        .addPrimaryKeyConstraint("upload_parts_pkey", ["route_id", "key", "part_number"])
        .execute();
    },
  };
}
