import type { Kysely } from "kysely";
import type { LedgerTables } from "../schema/tables.ts";

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

export async function insertRun(
  db: Kysely<LedgerTables>,
  run: Pick<RunRecord, "command" | "version" | "host" | "pid" | "startedAt">,
): Promise<number> {
  const row = await db
    .insertInto("runs")
    .values({
      command: run.command,
      version: run.version,
      host: run.host,
      pid: run.pid,
      started_at: run.startedAt,
      finished_at: null,
      exit_code: null,
      summary: null,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function finishRun(
  db: Kysely<LedgerTables>,
  id: number,
  end: { readonly finishedAt: number; readonly exitCode: number; readonly summary: Readonly<Record<string, unknown>> },
): Promise<void> {
  await db
    .updateTable("runs")
    .set({ finished_at: end.finishedAt, exit_code: end.exitCode, summary: JSON.stringify(end.summary) })
    .where("id", "=", id)
    .execute();
}

/** Newest first. */
export async function lastRuns(db: Kysely<LedgerTables>, limit: number): Promise<RunRecord[]> {
  const rows = await db.selectFrom("runs").selectAll().orderBy("id", "desc").limit(limit).execute();
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
