import type { Kysely } from "kysely";
import type { LedgerTables } from "../schema/tables.ts";

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

export async function insertEvent(
  db: Kysely<LedgerTables>,
  event: LedgerEvent,
  context: { readonly runId: number; readonly routeId: number | null; readonly at: number },
): Promise<void> {
  await db
    .insertInto("events")
    .values({
      run_id: context.runId,
      at: context.at,
      level: event.level,
      type: event.type,
      route_id: context.routeId,
      key: event.key ?? null,
      detail: event.detail === undefined ? null : JSON.stringify(event.detail),
    })
    .execute();
}

/** Newest first; of these types, or of all. */
export async function lastEvents(
  db: Kysely<LedgerTables>,
  routeNames: ReadonlyMap<number, string>,
  options: { readonly limit: number; readonly types?: readonly string[] | undefined },
): Promise<StoredEvent[]> {
  let query = db.selectFrom("events").selectAll().orderBy("id", "desc").limit(options.limit);
  if (options.types !== undefined) query = query.where("type", "in", [...options.types]);
  const rows = await query.execute();
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
