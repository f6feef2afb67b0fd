import { sql } from "kysely";
import pg from "pg";
import type { AppDatabase } from "../app-database.ts";

/**
 * How far replicas are behind: the slowest of those that the primary sees, and the one that the configuration names.
 * Undefined when replicas are there and this role may not see their lag (it needs `pg_monitor`).
 */
export async function replicaLagMs(db: AppDatabase, replicaUrl: string | undefined): Promise<number | undefined> {
  const { rows } = await sql<{ hidden: boolean; lag_ms: string }>`
    select coalesce(bool_or(state is null), false) as hidden,
      coalesce(extract(epoch from max(replay_lag)) * 1000, 0)::text as lag_ms
    from pg_stat_replication`.execute(db);
  const seen = rows[0]?.hidden === true ? undefined : Number(rows[0]?.lag_ms ?? 0);
  if (replicaUrl === undefined) return seen;
  return Math.max(seen ?? 0, await lagOf(replicaUrl));
}

/**
 * A replica that has replayed everything it received is not behind, however long ago that was. One that has not replayed a single
 * transaction yet is behind since it was started, at most.
 */
async function lagOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ lag_ms: string }>(`
      select case when not pg_catalog.pg_is_in_recovery()
          or pg_catalog.pg_last_wal_receive_lsn() operator(pg_catalog.=) pg_catalog.pg_last_wal_replay_lsn() then 0
        else extract(epoch from pg_catalog.now() operator(pg_catalog.-) coalesce(pg_catalog.pg_last_xact_replay_timestamp(),
          pg_catalog.pg_postmaster_start_time())) operator(pg_catalog.*) 1000
        end::text as lag_ms`);
    return Number(rows[0]?.lag_ms ?? 0);
  } finally {
    await client.end().catch(() => undefined);
  }
}
