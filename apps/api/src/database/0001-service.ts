import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Types that mean the same on SQLite and Postgres; integers of bytes need 64 bits. */
export const service0001: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable("lectures")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("owner_id", "text", (column) => column.notNull())
      .addColumn("title", "text", (column) => column.notNull())
      .addColumn("audio_key", "text")
      .addColumn("audio_url", "text")
      .addColumn("audio_content_type", "text")
      .addColumn("audio_size_bytes", "bigint")
      .addColumn("audio_etag", "text")
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("duration_seconds", "double precision")
      .addColumn("codec", "text")
      .addColumn("bit_rate", "double precision")
      .addColumn("failure", "text")
      .addColumn("created_at", "text", (column) => column.notNull())
      .addColumn("updated_at", "text", (column) => column.notNull())
      .execute();
    // The list of one owner, newest first.
    await db.schema.createIndex("lectures_of_owner").on("lectures").columns(["owner_id", "created_at", "id"]).execute();
    await db.schema.createIndex("lectures_by_audio").on("lectures").column("audio_key").execute();
    await db.schema
      .createTable("profile_images")
      .addColumn("user_id", "text", (column) => column.primaryKey())
      .addColumn("image_key", "text", (column) => column.notNull())
      .addColumn("image_url", "text", (column) => column.notNull())
      .addColumn("content_type", "text", (column) => column.notNull())
      .addColumn("size_bytes", "bigint", (column) => column.notNull())
      .addColumn("etag", "text", (column) => column.notNull())
      .addColumn("updated_at", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("profile_images_by_key").on("profile_images").column("image_key").execute();
    await db.schema
      .createTable("bucketferry_uploads")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("owner_id", "text", (column) => column.notNull())
      .addColumn("purpose", "text", (column) => column.notNull())
      .addColumn("subject_id", "text")
      .addColumn("protocol", "text", (column) => column.notNull())
      .addColumn("object_key", "text", (column) => column.notNull())
      .addColumn("content_type", "text", (column) => column.notNull())
      .addColumn("size_bytes", "bigint", (column) => column.notNull())
      .addColumn("sha256", "text")
      .addColumn("state", "text", (column) => column.notNull())
      .addColumn("offset_bytes", "bigint", (column) => column.notNull())
      .addColumn("progress", "text")
      .addColumn("created_at", "text", (column) => column.notNull())
      .addColumn("expires_at", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("uploads_by_key").on("bucketferry_uploads").column("object_key").execute();
    await db.schema.createIndex("uploads_by_expiry").on("bucketferry_uploads").column("expires_at").execute();
    await db.schema
      .createTable("bucketferry_unneeded_objects")
      .addColumn("object_key", "text", (column) => column.primaryKey())
      .addColumn("due_at", "text", (column) => column.notNull())
      .addColumn("attempts", "integer", (column) => column.notNull().defaultTo(0))
      .execute();
    await db.schema.createIndex("unneeded_by_due").on("bucketferry_unneeded_objects").column("due_at").execute();
    await serialKey(db);
    await db.schema.createIndex("jobs_by_time").on("bucketferry_jobs").column("run_at").execute();
    await db.schema
      .createTable("bucketferry_api_keys")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("secret_sha256", "text", (column) => column.notNull())
      .addColumn("role", "text", (column) => column.notNull())
      .addColumn("subject_id", "text", (column) => column.notNull())
      .addColumn("created_at", "text", (column) => column.notNull())
      .addColumn("revoked_at", "text")
      .execute();
    await db.schema
      .createTable("bucketferry_idempotency")
      .addColumn("scope", "text", (column) => column.notNull())
      .addColumn("idempotency_key", "text", (column) => column.notNull())
      .addColumn("fingerprint", "text", (column) => column.notNull())
      .addColumn("response_status", "integer")
      .addColumn("response_body", "text")
      .addColumn("response_headers", "text")
      .addColumn("leased_until", "text", (column) => column.notNull())
      .addColumn("expires_at", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("idempotency_pk", ["scope", "idempotency_key"])
      .execute();
    await db.schema.createIndex("idempotency_by_expiry").on("bucketferry_idempotency").column("expires_at").execute();
  },
};

/** The one place where the two databases need other words: a key that counts by itself. */
async function serialKey(db: Kysely<unknown>): Promise<void> {
  const isPostgres = db.getExecutor().adapter.constructor.name.startsWith("Postgres");
  const id = isPostgres ? sql`bigint generated always as identity primary key` : sql`integer primary key autoincrement`;
  await sql`create table bucketferry_jobs (
    id ${id}, kind text not null, subject_id text not null, object_key text not null, run_at text not null,
    attempts integer not null default 0, leased_until text, last_error text)`.execute(db);
}
