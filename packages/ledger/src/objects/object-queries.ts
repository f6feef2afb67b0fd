import type { ObjectsTable } from "../schema/tables.ts";
import { placeholders, type Sql } from "../sqlite/sql.ts";
import type { ObjectRecord } from "./object-record.ts";
import { recordOf } from "./object-row.ts";
import type { ObjectState } from "./states.ts";

export interface PageOptions {
  readonly routeId: number;
  readonly route: string;
  /** Undefined: all. */
  readonly states?: readonly ObjectState[] | undefined;
  /** Only keys after this one, in byte order. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One page in key order, by keyset: the millionth costs what the first one does. */
export function objectPage(sql: Sql, options: PageOptions): ObjectRecord[] {
  const { route, routeId, states, after, limit } = options;
  // No key is empty, so all keys are behind that one.
  const from = after ?? "";
  if (states === undefined) {
    return sql
      .all<ObjectsTable>(
        "select * from objects where route_id = ? and key > ? order by key limit ?",
        routeId,
        from,
        limit,
      )
      .map((row) => recordOf(row, route));
  }
  // One range of the index per state: with `state in (…)` the database would sort all that is left instead of reading a page. Named,
  // since the planner prefers the table, which has the order as well, and reads every object of another state on its way.
  const rows = states.flatMap((state) =>
    sql.all<ObjectsTable>(
      "select * from objects indexed by objects_by_state where route_id = ? and state = ? and key > ? order by key limit ?",
      routeId,
      state,
      from,
      limit,
    ),
  );
  if (states.length > 1) rows.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return rows.slice(0, limit).map((row) => recordOf(row, route));
}

export interface StateCount {
  readonly route: string;
  readonly state: ObjectState;
  readonly objects: number;
  readonly bytes: number;
}

type CountRow = Pick<ObjectsTable, "route_id" | "state"> & { readonly objects: number; readonly bytes: number };

/** Of these routes: one that a configuration leaves out keeps its objects, and holds nobody up. Read from an index alone, about 10 million objects a second. */
export function countByState(sql: Sql, routeNames: ReadonlyMap<number, string>): StateCount[] {
  const rows = sql.all<CountRow>(
    `select route_id, state, count(*) as objects, sum(size) as bytes from objects
     where route_id in (${placeholders([...routeNames])}) group by route_id, state`,
    ...routeNames.keys(),
  );
  return rows.map(({ route_id: routeId, state, objects, bytes }) => ({
    route: routeNames.get(routeId) ?? "",
    state,
    objects,
    bytes,
  }));
}

export interface ReasonCount extends StateCount {
  readonly reason: string | null;
  readonly errorCode: string | null;
}

/** Why objects are where they are; for the states that need a reason, which are the small ones. */
export function countByReason(
  sql: Sql,
  routeNames: ReadonlyMap<number, string>,
  states: readonly ObjectState[],
): ReasonCount[] {
  const rows = sql.all<CountRow & Pick<ObjectsTable, "reason" | "error_code">>(
    `select route_id, state, reason, error_code, count(*) as objects, sum(size) as bytes from objects
     where route_id in (${placeholders([...routeNames])}) and state in (${placeholders(states)})
     group by route_id, state, reason, error_code order by objects desc`,
    ...routeNames.keys(),
    ...states,
  );
  return rows.map(({ route_id: routeId, state, reason, error_code: errorCode, objects, bytes }) => ({
    route: routeNames.get(routeId) ?? "",
    state,
    reason,
    errorCode,
    objects,
    bytes,
  }));
}

/** The objects of these keys, by key; keys that the ledger does not have are absent. */
export function findObjects(
  sql: Sql,
  route: string,
  routeId: number,
  keys: readonly string[],
): Map<string, ObjectRecord> {
  const found = new Map<string, ObjectRecord>();
  for (let first = 0; first < keys.length; first += KEYS_PER_QUERY) {
    const some = keys.slice(first, first + KEYS_PER_QUERY);
    const rows = sql.all<ObjectsTable>(
      `select * from objects where route_id = ? and key in (${placeholders(some)})`,
      routeId,
      ...some,
    );
    for (const row of rows) found.set(row.key, recordOf(row, route));
  }
  return found;
}

const KEYS_PER_QUERY = 500;

const NOT_CARRIED = "from objects where route_id = ? and not_carried is not null";

/** One page, in key order, of a route's objects that have headers or metadata which the target cannot hold. */
export function notCarriedPage(
  sql: Sql,
  { route, routeId, after, limit }: Omit<PageOptions, "states">,
): readonly ObjectRecord[] {
  return sql
    .all<ObjectsTable>(`select * ${NOT_CARRIED} and key > ? order by key limit ?`, routeId, after ?? "", limit)
    .map((row) => recordOf(row, route));
}

/** How many there are of those. Reads the whole route. */
export function countNotCarried(sql: Sql, routeId: number): number {
  return sql.first<{ readonly total: number }>(`select count(*) as total ${NOT_CARRIED}`, routeId)?.total ?? 0;
}
