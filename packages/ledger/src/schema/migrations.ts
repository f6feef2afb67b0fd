import type { Kysely } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { LedgerError } from "../ledger-error.ts";
import { firstSchema } from "./0001-ledger.ts";
import { partHashes } from "./0002-part-hashes.ts";
import type { LedgerTables } from "./tables.ts";

/** In order. A schema that was published is never edited; a change is another line. */
export function migrationsFor(engine: "sqlite" | "postgres"): Readonly<Record<string, Migration>> {
  return { "0001-ledger": firstSchema(engine), "0002-part-hashes": partHashes };
}

/**
 * Brings the schema up to date; the caller has opened a transaction, so an interrupted upgrade leaves the old schema.
 * @throws LedgerError NewerSchema when the ledger knows a schema that this program does not
 */
export async function migrateSchema(
  db: Kysely<LedgerTables>,
  migrations: Readonly<Record<string, Migration>>,
  path: string,
): Promise<void> {
  const known = Object.keys(migrations);
  const applied = await appliedMigrations(db);
  const foreign = applied.filter((name) => !known.includes(name));
  if (foreign.length > 0) {
    throw new LedgerError(
      "NewerSchema",
      `The ledger ${path} has schema ${applied.at(-1)}, and this version of bucketferry knows schemas up to ${known.at(-1)}.`,
      { hint: "Use the version of bucketferry that wrote the ledger, or a later one." },
    );
  }
  if (applied.length === known.length) return;

  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest({ disableTransactions: true });
  if (error !== undefined) throw error;
}

/** Names of the migrations that the database has seen, oldest first; none for an empty database. */
export async function appliedMigrations(db: Kysely<LedgerTables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "kysely_migration")) return [];
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom("kysely_migration")
    .select("name")
    .orderBy("name")
    .execute();
  return rows.map((row) => row.name);
}
