import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { Kysely, PostgresDialect, SqliteDialect } from "kysely";
import { Migrator } from "kysely/migration";
import type pg from "pg";
import { service0001 } from "./0001-service.ts";
import type { ServiceTables } from "./tables.ts";

export type ServiceDatabase = Kysely<ServiceTables>;

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** Another process may be in the middle of its transaction. */
const BUSY_TIMEOUT_MS = 10_000;

/** Opens the database that a URL names; a SQLite file is made when it is missing. No I/O yet on Postgres. */
export function openDatabase(url: string, onError: (error: Error) => void): ServiceDatabase {
  if (url.startsWith("sqlite:")) return new Kysely({ dialect: sqlite(url.slice("sqlite:".length)) });
  return new Kysely({ dialect: postgres(url, onError) });
}

function sqlite(file: string): SqliteDialect {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  database.pragma("journal_mode = WAL");
  // An acknowledged upload must survive the machine losing its power: https://sqlite.org/pragma.html#pragma_synchronous
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  return new SqliteDialect({ database });
}

function postgres(connectionString: string, onError: (error: Error) => void): PostgresDialect {
  return new PostgresDialect({
    // Loaded only where it is used.
    async pool() {
      const { default: driver } = await import("pg");
      const pool = new driver.Pool({
        connectionString,
        max: CONNECTIONS,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        application_name: "bucketferry-api",
        types: { getTypeParser: typeParsers(driver.types) },
      });
      // A connection that breaks while nobody uses it is replaced by the pool; unheard, it would end the process.
      pool.on("error", onError);
      // So would one that breaks between two statements of a transaction; the second of them tells it.
      pool.on("connect", (client) => client.on("error", () => undefined));
      return pool;
    },
  });
}

/** Sizes are 64-bit integers, which the driver gives as text; ours stay below 2^53. */
function typeParsers(types: typeof pg.types): typeof pg.types.getTypeParser {
  return (oid: number, format?: "text" | "binary") =>
    oid === types.builtins.INT8 ? Number : (types.getTypeParser(oid, format as "text") as (text: string) => unknown);
}

export interface MigrationStatus {
  /** Names of the steps that the database lacks. */
  readonly pending: readonly string[];
}

const MIGRATION_TABLE = "bucketferry_api_migrations";

function migrator(db: ServiceDatabase): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ "0001-service": service0001 }) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: `${MIGRATION_TABLE}_lock`,
  });
}

/** Brings the schema up to date, one instance at a time; answers which steps were made. */
export async function migrate(db: ServiceDatabase): Promise<readonly string[]> {
  const { error, results = [] } = await migrator(db).migrateToLatest();
  if (error !== undefined) throw error;
  return results.map((result) => result.migrationName);
}

export async function migrationStatus(db: ServiceDatabase): Promise<MigrationStatus> {
  const all = await migrator(db).getMigrations();
  return { pending: all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name) };
}
