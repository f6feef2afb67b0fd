import { sql } from "kysely";
import type { AppDatabase } from "../app-database.ts";
import type { DatabaseLimits } from "../limits.ts";

/** A writing transaction with the limits of the configuration. */
export function inTransaction<T>(
  db: AppDatabase,
  limits: DatabaseLimits,
  work: (connection: AppDatabase) => Promise<T>,
): Promise<T> {
  const settings = [
    ["lock_timeout", String(limits.lockTimeoutMs)],
    ["statement_timeout", String(limits.statementTimeoutMs)],
    // Rows are found by their keys: the planner would rather read a whole small table for a batch, each time.
    ["enable_hashjoin", "off"],
    ["enable_mergejoin", "off"],
    ["enable_seqscan", "off"],
    // No batch is worth the compilation, which the costs that are switched off above would call for.
    ["jit", "off"],
    // Origin triggers, rules and foreign keys do not run: https://www.postgresql.org/docs/current/runtime-config-client.html
    ...(limits.suppressTriggers ? [["session_replication_role", "replica"]] : []),
  ] as const;
  // For this transaction only: behind a pooler the connection is somebody else's a moment later. One round trip for all of it.
  const begin = `begin; ${settings.map(([name, value]) => `set local ${name} = '${value}'`).join("; ")}`;
  return db.connection().execute(async (connection) => {
    try {
      await sql.raw(begin).execute(connection);
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
