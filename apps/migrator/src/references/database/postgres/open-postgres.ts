import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { KeyValue } from "../../cell.ts";
import type { AppDatabase, ControlTables } from "../app-database.ts";
import type { Dialect } from "../dialect.ts";
import type { DatabaseLimits } from "../limits.ts";
import { readCatalogue } from "./catalogue.ts";
import { isAboutPolicies, isAboutTheCell, isOfDatabase, isPassing, translate } from "./errors.ts";
import { findings } from "./findings.ts";
import { guardStatement } from "./guard.ts";
import { inTransaction, reading } from "./in-transaction.ts";
import { poolerBetween } from "./pooler.ts";
import { MOST_READERS, readText, readWindows } from "./read-windows.ts";
import { hasRowSecurity } from "./row-security.ts";
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
  // One that is lost between two statements of ours is told by the second.
  pool.on("connect", (client) => client.on("error", () => {}));
  const db: AppDatabase = new Kysely<ControlTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    // A pooler that allows no transactions is refused here.
    await reading(db, limits, (connection) => sql`select 1`.execute(connection));
  } catch (error) {
    await db.destroy();
    throw translate(error, url);
  }

  const read = <T>(work: (connection: AppDatabase) => Promise<T>): Promise<T> => reading(db, limits, work);
  return {
    reading: read,
    async engine() {
      const { rows } = await read((connection) =>
        sql<{ server_version: string }>`show server_version`.execute(connection),
      );
      return `PostgreSQL ${rows[0]?.server_version ?? "of unknown version"}`;
    },
    catalogue: (filter) => read((connection) => readCatalogue(connection, filter, read)),
    async findings(catalogue) {
      const pooler = await poolerBetween(url);
      return read((connection) => findings(connection, catalogue, { limits, pooler }));
    },
    prepareJournal: ({ rekeys }) =>
      inTransaction(db, limits, async (connection) => {
        // `if not exists` looks before it makes: two that begin at once would both find nothing.
        await sql`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('bucketferry_url_journal'))`.execute(
          connection,
        );
        await sql`create table if not exists bucketferry_url_journal (
          id bigint generated always as identity primary key, table_schema text, table_name text not null,
          column_name text not null, row_key text not null, before_text text not null, after_text text not null,
          edits text not null, written_at text not null, restored_at text)`.execute(connection);
        if (!rekeys) return;
        await sql`create index if not exists bucketferry_url_journal_row
          on bucketferry_url_journal (table_name, row_key) where restored_at is null`.execute(connection);
      }),
    async hasJournal() {
      const { rows } = await read((connection) =>
        sql<{ there: boolean }>`select to_regclass('bucketferry_url_journal') is not null as there`.execute(connection),
      );
      return rows[0]?.there === true;
    },
    async moment() {
      // Every transaction that was not over yet counts as later.
      const { rows } = await read((connection) =>
        sql<{ xid: string }>`select pg_snapshot_xmin(pg_current_snapshot())::xid::text as xid`.execute(connection),
      );
      return rows[0]?.xid;
    },
    async *read(table, options) {
      try {
        yield* readWindows(db, table, { ...options, limits });
      } catch (error) {
        throw isOfDatabase(error) ? translate(error, url) : error;
      }
    },
    readCell: (table, key, column) => readText(db, table, key, column, limits),
    write: (work) => inTransaction(db, limits, (connection) => work(rowWriter(connection))),
    hasRowSecurity: (table) => read((connection) => hasRowSecurity(connection, table.writeTo)),
    replicaLagMs: () => read((connection) => replicaLagMs(connection, limits.replicaUrl)),
    keyLiterals: (value) => [value],
    shownKey: (text, { castTo }) => wholeNumber(text, castTo) ?? text,
    guard: (table, column, needle) => guardStatement(table, column, needle),
    isAboutTheCell,
    isAboutPolicies,
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
