import { LedgerError } from "../ledger-error.ts";
import type { Sql } from "../sqlite/sql.ts";
import { firstSchema } from "./0001-ledger.ts";
import { partHashes } from "./0002-part-hashes.ts";
import { partDigests } from "./0003-part-digests.ts";

/** Name → SQL. */
export type Migrations = Readonly<Record<string, string>>;

/** In order. A schema that was published is never edited; a change is another line. */
export const MIGRATIONS: Migrations = {
  "0001-ledger": firstSchema,
  "0002-part-hashes": partHashes,
  "0003-part-digests": partDigests,
};

/** Named after the library that kept it in the first ledgers. */
const RECORD = "kysely_migration";

/**
 * Brings the schema up to date; the caller has opened a transaction, so an interrupted upgrade leaves the old schema.
 * @throws LedgerError NewerSchema when the ledger knows a schema that this program does not
 */
export function migrateSchema(sql: Sql, migrations: Migrations, path: string): void {
  const known = Object.keys(migrations);
  const applied = appliedMigrations(sql);
  const foreign = applied.filter((name) => !known.includes(name));
  if (foreign.length > 0) {
    throw new LedgerError(
      "NewerSchema",
      `The ledger ${path} has schema ${applied.at(-1)}, and this version of bucketferry knows schemas up to ${known.at(-1)}.`,
      { hint: "Use the version of bucketferry that wrote the ledger, or a later one." },
    );
  }
  if (applied.length === 0) {
    sql.exec(`create table if not exists ${RECORD} (name text not null primary key, timestamp text not null)`);
  }
  for (const [name, change] of Object.entries(migrations)) {
    if (applied.includes(name)) continue;
    sql.exec(change);
    sql.run(`insert into ${RECORD} (name, timestamp) values (?, ?)`, name, new Date().toISOString());
  }
}

/** Names of the migrations that the database has seen, oldest first; none for an empty database. */
export function appliedMigrations(sql: Sql): string[] {
  const table = sql.first("select 1 from sqlite_master where type = 'table' and name = ?", RECORD);
  if (table === undefined) return [];
  return sql.all<{ readonly name: string }>(`select name from ${RECORD} order by name`).map(({ name }) => name);
}
