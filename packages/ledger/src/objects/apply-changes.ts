import { sql, type CompiledQuery, type Kysely, type RawBuilder } from "kysely";
import { LedgerError } from "../ledger-error.ts";
import type { LedgerTables } from "../schema/tables.ts";
import type { ObjectChange } from "./object-record.ts";
import { OBJECT_COLUMNS, rowOf } from "./object-row.ts";
import { isLegalTransition, type ObjectState } from "./states.ts";

/** Rows of one statement: enough that its fixed cost is nothing, few enough for any database's limit of parameters. */
const ROWS_PER_STATEMENT = 50;

/** @throws LedgerError IllegalTransition */
export function assertLegal(change: ObjectChange): void {
  if (isLegalTransition(change.from, change.state)) return;
  throw new LedgerError(
    "IllegalTransition",
    `An object cannot go from ${change.from ?? "not in the ledger"} to ${change.state}: ${change.route} ${change.key}`,
  );
}

/**
 * Writes changes, in order, inside the caller's transaction. Each one is a compare-and-swap on the state that it started
 * from; one that finds another state fails the whole transaction.
 *
 * @throws LedgerError StateConflict
 */
export async function applyChanges(
  db: Kysely<LedgerTables>,
  changes: readonly ObjectChange[],
  routeIds: ReadonlyMap<string, number>,
  now: number,
): Promise<void> {
  for (const group of statementsOf(changes)) {
    const parameters: unknown[] = [];
    for (const change of group.changes) {
      const row = rowOf(change, routeIdOf(change.route, routeIds), now);
      for (const column of OBJECT_COLUMNS) parameters.push(row[column]);
    }
    if (group.from !== undefined) parameters.push(group.from);
    const { sql: text, query, queryId } = statementFor(db, group.changes.length, group.from !== undefined);
    const result = await db.executeQuery({ sql: text, query, queryId, parameters });
    if (result.numAffectedRows !== BigInt(group.changes.length)) throw conflictIn(group);
  }
}

interface StatementGroup {
  readonly from: ObjectState | undefined;
  readonly changes: ObjectChange[];
}

/** Neighbours that start from one state go together, as long as no object comes twice. */
function* statementsOf(changes: readonly ObjectChange[]): Generator<StatementGroup> {
  let group: StatementGroup | undefined;
  let seen = new Set<string>();
  for (const change of changes) {
    const identity = `${change.route}\0${change.key}`;
    const fits =
      group !== undefined &&
      group.from === change.from &&
      group.changes.length < ROWS_PER_STATEMENT &&
      !seen.has(identity);
    if (!fits) {
      if (group !== undefined) yield group;
      group = { from: change.from, changes: [] };
      seen = new Set();
    }
    group?.changes.push(change);
    seen.add(identity);
  }
  if (group !== undefined) yield group;
}

/** Building a statement of 50 rows costs more than running it, and there are only a hundred different ones. */
const statements = new WeakMap<object, Map<string, CompiledQuery>>();

function statementFor(db: Kysely<LedgerTables>, rows: number, update: boolean): CompiledQuery {
  const adapter = db.getExecutor().adapter;
  const known = statements.get(adapter) ?? new Map<string, CompiledQuery>();
  statements.set(adapter, known);
  const name = `${update ? "update" : "insert"} ${rows}`;
  const compiled = known.get(name) ?? compileStatement(db, rows, update);
  known.set(name, compiled);
  return compiled;
}

/** Column numbers as both databases name the columns of a list of values: `column1` … */
const VALUE_OF = Object.fromEntries(
  OBJECT_COLUMNS.map((column, i) => [column, sql.ref(`v.column${i + 1}`)]),
) as Readonly<Record<(typeof OBJECT_COLUMNS)[number], RawBuilder<unknown>>>;

/** Postgres takes a list of parameters for text; SQLite does not mind. */
const NUMBERS: ReadonlySet<string> = new Set([
  "route_id",
  "size",
  "last_modified",
  "target_size",
  "attempts",
  "updated_at",
]);

function compileStatement(db: Kysely<LedgerTables>, rows: number, update: boolean): CompiledQuery {
  const row = sql`(${sql.join(OBJECT_COLUMNS.map(() => sql`${""}`))})`;
  const values = sql.join(Array.from({ length: rows }, () => row));
  const columns = sql.join(OBJECT_COLUMNS.map((column) => sql.ref(column)));
  if (!update) {
    return sql`insert into objects (${columns}) values ${values} on conflict (route_id, key) do nothing`.compile(db);
  }
  const assignments = OBJECT_COLUMNS.filter((column) => column !== "route_id" && column !== "key").map((column) =>
    NUMBERS.has(column)
      ? sql`${sql.ref(column)} = cast(${VALUE_OF[column]} as bigint)`
      : sql`${sql.ref(column)} = ${VALUE_OF[column]}`,
  );
  return sql`
    update objects set ${sql.join(assignments)}
    from (values ${values}) as v
    where objects.route_id = cast(${VALUE_OF.route_id} as bigint)
      and objects.key = ${VALUE_OF.key}
      and objects.state = ${""}`.compile(db);
}

function routeIdOf(route: string, routeIds: ReadonlyMap<string, number>): number {
  const id = routeIds.get(route);
  if (id === undefined) throw new LedgerError("Unexpected", `The ledger has no route ${route}.`);
  return id;
}

function conflictIn(group: StatementGroup): LedgerError {
  const [first] = group.changes;
  const others = group.changes.length > 1 ? ` (or one of the ${group.changes.length - 1} recorded with it)` : "";
  return new LedgerError(
    "StateConflict",
    `${first?.route} ${first?.key}${others} is no longer ${group.from ?? "absent"}: somebody else recorded a step of it. Nothing of this batch was recorded.`,
    { hint: "Run the command again: it starts from what the ledger holds now." },
  );
}
