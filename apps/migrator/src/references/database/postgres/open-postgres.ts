import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import Cursor from "pg-cursor";
import type { KeyValue } from "../../cell.ts";
import type { AppDatabase, ControlTables } from "../app-database.ts";
import type { Dialect } from "../dialect.ts";
import type { DatabaseLimits } from "../limits.ts";
import { readCatalogue } from "./catalogue.ts";
import { isAboutTheCell, isPassing, translate } from "./errors.ts";
import { findings } from "./findings.ts";
import { guardStatement } from "./guard.ts";
import { inTransaction } from "./in-transaction.ts";
import { poolerBetween } from "./pooler.ts";
import { MOST_READERS, readText, readWindows } from "./read-windows.ts";
import { replicaLagMs } from "./replica-lag.ts";
import { rowWriter } from "./write-rows.ts";

const CONNECT_TIMEOUT_MS = 15_000;
/** Beside the readers: one that writes, and one that looks up what a write met. */
const CONNECTIONS = MOST_READERS + 2;

/** @throws DatabaseError */
export async function openPostgres(url: string, limits: DatabaseLimits): Promise<Dialect> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "bucketferry",
  });
  // An idle connection that the server closes is no news: the next query opens another.
  pool.on("error", () => {});
  const db: AppDatabase = new Kysely<ControlTables>({ dialect: new PostgresDialect({ pool, cursor: Cursor }) });
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    await db.destroy();
    throw translate(error, url);
  }

  return {
    db,
    async engine() {
      const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
      return `PostgreSQL ${rows[0]?.server_version ?? "of unknown version"}`;
    },
    catalogue: (filter) => readCatalogue(db, filter),
    async findings(catalogue) {
      return findings(db, catalogue, { limits, pooler: await poolerBetween(url) });
    },
    async prepareJournal({ rekeys }) {
      await sql`create table if not exists bucketferry_url_journal (
        id bigint generated always as identity primary key, table_schema text, table_name text not null,
        column_name text not null, row_key text not null, before_text text not null, after_text text not null,
        edits text not null, written_at text not null, restored_at text)`.execute(db);
      if (!rekeys) return;
      await sql`create index if not exists bucketferry_url_journal_row
        on bucketferry_url_journal (table_name, row_key) where restored_at is null`.execute(db);
    },
    async hasJournal() {
      const { rows } = await sql<{ there: boolean }>`
        select to_regclass('bucketferry_url_journal') is not null as there`.execute(db);
      return rows[0]?.there === true;
    },
    async moment() {
      // Every transaction that was not over yet counts as later.
      const { rows } = await sql<{ xid: string }>`
        select pg_snapshot_xmin(pg_current_snapshot())::xid::text as xid`.execute(db);
      return rows[0]?.xid;
    },
    read: (table, options) => readWindows(db, table, { ...options, maxValueBytes: limits.maxValueBytes }),
    readCell: (table, key, column) => readText(db, table, key, column),
    write: (work) => inTransaction(db, limits, (connection) => work(rowWriter(connection))),
    replicaLagMs: () => replicaLagMs(db, limits.replicaUrl),
    keyLiterals: (value) => [value],
    shownKey: (text, { castTo }) => wholeNumber(text, castTo) ?? text,
    guard: (table, column, needle) => guardStatement(table, column, needle),
    isAboutTheCell,
    isPassing,
    translate: (error) => translate(error, url),
    close: () => db.destroy(),
  };
}

/** Whole numbers as numbers, as long as JSON can hold them. */
function wholeNumber(text: string, castTo: string): KeyValue | undefined {
  const number = /^(?:integer|bigint|smallint)/.test(castTo) && /^-?\d+$/.test(text) ? Number(text) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}
