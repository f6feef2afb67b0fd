import { LedgerError } from "../ledger-error.ts";
import type { RunsTable } from "../schema/tables.ts";
import type { Sql } from "../sqlite/sql.ts";

/** One invocation of a command, as the ledger remembers it. */
export interface RunRecord {
  readonly id: number;
  readonly command: string;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
  /** Null while it runs, and for ever when it was killed. */
  readonly finishedAt: number | null;
  readonly exitCode: number | null;
  readonly summary: Readonly<Record<string, unknown>> | null;
}

export function insertRun(
  sql: Sql,
  { command, version, host, pid, startedAt }: Pick<RunRecord, "command" | "version" | "host" | "pid" | "startedAt">,
): number {
  const row = sql.first<{ readonly id: number }>(
    "insert into runs (command, version, host, pid, started_at) values (?, ?, ?, ?, ?) returning id",
    command,
    version,
    host,
    pid,
    startedAt,
  );
  if (row === undefined) throw new LedgerError("Unexpected", "The ledger gave a new run no number.");
  return row.id;
}

export function finishRun(
  sql: Sql,
  id: number,
  end: { readonly finishedAt: number; readonly exitCode: number; readonly summary: Readonly<Record<string, unknown>> },
): void {
  sql.run(
    "update runs set finished_at = ?, exit_code = ?, summary = ? where id = ?",
    end.finishedAt,
    end.exitCode,
    JSON.stringify(end.summary),
    id,
  );
}

/** Newest first. */
export function lastRuns(sql: Sql, limit: number): RunRecord[] {
  const rows = sql.all<RunsTable>("select * from runs order by id desc limit ?", limit);
  return rows.map((row) => ({
    id: row.id,
    command: row.command,
    version: row.version,
    host: row.host,
    pid: row.pid,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    exitCode: row.exit_code,
    summary: row.summary === null ? null : (JSON.parse(row.summary) as Record<string, unknown>),
  }));
}
