import { sql } from "kysely";
import type { AppDatabase } from "../app-database.ts";
import type { DatabaseLimits } from "../limits.ts";

/** A setting and its value; undefined: what the server, the database and the role say. */
export type Setting = readonly [name: string, value: string | undefined];

/**
 * A pooler in transaction mode gives out connections as their last client left them. So whatever decides which rows are seen,
 * and how a value is written as a text, is set back for each transaction; and the texts of numbers hold all of their digits.
 */
const OURS_ALONE: readonly Setting[] = [
  ["role", undefined],
  ["row_security", undefined],
  ["search_path", undefined],
  ["datestyle", undefined],
  ["intervalstyle", undefined],
  ["timezone", undefined],
  ["bytea_output", undefined],
  ["xmloption", "content"],
  ["extra_float_digits", "1"],
];

/**
 * A role whose search_path has other schemas in front of `pg_catalog`, or names `pg_temp`, may get other functions and operators than
 * ours are meant to be. What reads has the schema of the system in front, where it is when nobody names it. What writes keeps
 * the path, since the app's triggers run in it, and names the schema of each function instead.
 * https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-CATALOG
 */
const SYSTEM_FIRST = String.raw`select pg_catalog.set_config('search_path', pg_catalog.ltrim(pg_catalog.concat(pg_catalog.regexp_replace(
  pg_catalog.current_setting('search_path'), '(^|,)\s*("pg_catalog"|pg_catalog|"pg_temp"|pg_temp)\s*(?=,|$)', '', 'gi'), ',pg_temp'), ', '), true)`;

const WRITING: readonly Setting[] = [
  ...OURS_ALONE,
  // Rows are found by their keys: the planner would rather read a whole small table for a batch, each time.
  ["enable_hashjoin", "off"],
  ["enable_mergejoin", "off"],
  ["enable_seqscan", "off"],
  // No batch is worth the compilation, which the costs that are switched off above would call for.
  ["jit", "off"],
];

/** A writing transaction with the limits of the configuration. */
export function inTransaction<T>(
  db: AppDatabase,
  limits: DatabaseLimits,
  work: (connection: AppDatabase) => Promise<T>,
): Promise<T> {
  return within(db, "begin isolation level read committed", work, [
    ...statements(WRITING),
    ...statements(timeLimits(limits)),
    // Origin triggers, rules and foreign keys do not run: https://www.postgresql.org/docs/current/runtime-config-client.html
    ...(limits.suppressTriggers ? statements([["session_replication_role", "replica"]]) : []),
  ]);
}

/** A short one that reads rows: it is over before anything is done with them. */
export function reading<T>(
  db: AppDatabase,
  limits: DatabaseLimits,
  work: (connection: AppDatabase) => Promise<T>,
  settings: readonly Setting[] = [],
): Promise<T> {
  const all = statements([...OURS_ALONE, ...timeLimits(limits), ...settings]);
  return within(db, "begin isolation level read committed read only", work, [...all, SYSTEM_FIRST]);
}

function timeLimits({ lockTimeoutMs, statementTimeoutMs }: DatabaseLimits): readonly Setting[] {
  return [
    ["lock_timeout", String(lockTimeoutMs)],
    ["statement_timeout", String(statementTimeoutMs)],
  ];
}

function statements(settings: readonly Setting[]): string[] {
  return settings.map(([name, value]) => `set local ${name} to ${value === undefined ? "default" : `'${value}'`}`);
}

/** What is set holds for this transaction only: behind a pooler the connection is somebody else's a moment later. */
function within<T>(
  db: AppDatabase,
  begin: string,
  work: (connection: AppDatabase) => Promise<T>,
  set: readonly string[],
): Promise<T> {
  return db.connection().execute(async (connection) => {
    try {
      // One round trip for all of it.
      await sql.raw([begin, ...set].join("; ")).execute(connection);
      const result = await work(connection);
      await sql`commit`.execute(connection);
      return result;
    } catch (error) {
      // A connection that broke has been rolled back by the server.
      await sql`rollback`.execute(connection).catch(() => undefined);
      throw error;
    }
  });
}
