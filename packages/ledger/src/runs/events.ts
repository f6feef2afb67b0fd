import type { EventsTable } from "../schema/tables.ts";
import { placeholders, type Sql } from "../sqlite/sql.ts";

/** Something that happened and that a report must not forget. Holds no secret. */
export interface LedgerEvent {
  readonly level: "info" | "warning" | "error";
  /** Stable, kebab-case. */
  readonly type: string;
  readonly route?: string | undefined;
  readonly key?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

export interface StoredEvent extends LedgerEvent {
  readonly id: number;
  readonly runId: number;
  readonly at: number;
}

export function insertEvent(
  sql: Sql,
  { level, type, key, detail }: LedgerEvent,
  context: { readonly runId: number; readonly routeId: number | null; readonly at: number },
): void {
  sql.run(
    "insert into events (run_id, at, level, type, route_id, key, detail) values (?, ?, ?, ?, ?, ?, ?)",
    context.runId,
    context.at,
    level,
    type,
    context.routeId,
    key ?? null,
    detail === undefined ? null : JSON.stringify(detail),
  );
}

/** Newest first; of these types, or of all. */
export function lastEvents(
  sql: Sql,
  routeNames: ReadonlyMap<number, string>,
  { limit, types }: { readonly limit: number; readonly types?: readonly string[] | undefined },
): StoredEvent[] {
  const rows =
    types === undefined
      ? sql.all<EventsTable>("select * from events order by id desc limit ?", limit)
      : sql.all<EventsTable>(
          `select * from events where type in (${placeholders(types)}) order by id desc limit ?`,
          ...types,
          limit,
        );
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    at: row.at,
    level: row.level as LedgerEvent["level"],
    type: row.type,
    route: row.route_id === null ? undefined : routeNames.get(row.route_id),
    key: row.key ?? undefined,
    detail: row.detail === null ? undefined : (JSON.parse(row.detail) as Record<string, unknown>),
  }));
}
