import { existsSync } from "node:fs";
import SqliteDatabase from "better-sqlite3";
import { Kysely, sql, SqliteDialect } from "kysely";
import { DatabaseError } from "../../contract.ts";
import type { AppDatabase, ControlTables } from "../app-database.ts";
import type { Dialect } from "../dialect.ts";
import type { DatabaseLimits } from "../limits.ts";
import { readCatalogue } from "./catalogue.ts";
import { isAboutTheCell, isPassing, translate, translating } from "./errors.ts";
import { findings } from "./findings.ts";
import { literalsFor, shownLiteral } from "./key-literal.ts";
import { readPages, readText } from "./read-pages.ts";
import { rowWriter } from "./write-rows.ts";

/** @throws DatabaseError */
export function openSqlite(path: string, limits: DatabaseLimits): Dialect {
  if (!existsSync(path)) {
    throw new DatabaseError("unreachable", `there is no file ${path}`, { hint: "Correct database.url." });
  }
  const connection = translating(
    () => new SqliteDatabase(path, { fileMustExist: true, timeout: limits.lockTimeoutMs * 2 }),
  );
  // The first read tells a database from any other file.
  translating(() => connection.pragma("schema_version"));
  const db: AppDatabase = new Kysely<ControlTables>({ dialect: new SqliteDialect({ database: connection }) });

  return {
    reading: (work) => work(db),
    async engine() {
      return `SQLite ${(connection.prepare("select sqlite_version() as version").get() as { version: string }).version}`;
    },
    catalogue: async (filter) => readCatalogue(connection, filter),
    findings: async () => findings(connection, path),
    async prepareJournal({ rekeys }) {
      await db.schema
        .createTable("bucketferry_url_journal")
        .ifNotExists()
        .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
        .addColumn("table_schema", "text")
        .addColumn("table_name", "text", (column) => column.notNull())
        .addColumn("column_name", "text", (column) => column.notNull())
        .addColumn("row_key", "text", (column) => column.notNull())
        .addColumn("before_text", "text", (column) => column.notNull())
        .addColumn("after_text", "text", (column) => column.notNull())
        .addColumn("edits", "text", (column) => column.notNull())
        .addColumn("written_at", "text", (column) => column.notNull())
        .addColumn("restored_at", "text")
        .execute();
      if (!rekeys) return;
      await sql`create index if not exists bucketferry_url_journal_row
        on bucketferry_url_journal (table_name, row_key) where restored_at is null`.execute(db);
    },
    async hasJournal() {
      return (
        connection.prepare("select 1 from sqlite_schema where name = 'bucketferry_url_journal'").get() !== undefined
      );
    },
    moment: async () => undefined,
    read: (table, options) => readPages(connection, table, { ...options, maxValueBytes: limits.maxValueBytes }),
    readCell: async (table, key, column) => readText(connection, table, key, column),
    write: (work) =>
      db.connection().execute(async () => {
        // The lock is taken at once: a transaction that begins by reading can be refused in the middle.
        connection.exec("begin immediate");
        try {
          const result = await work(rowWriter(connection));
          connection.exec("commit");
          return result;
        } catch (error) {
          if (connection.inTransaction) connection.exec("rollback");
          throw error;
        }
      }),
    hasRowSecurity: async () => false,
    replicaLagMs: async () => 0,
    shownKey: (text) => shownLiteral(text),
    keyLiterals: literalsFor,
    // SQLite cannot add a CHECK to a table that exists.
    guard: () => undefined,
    isAboutTheCell,
    isAboutPolicies: () => false,
    isPassing,
    translate,
    async close() {
      await db.destroy();
    },
  };
}
