import type { Kysely } from "kysely";
import type { LedgerTables } from "../schema/tables.ts";
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
export async function objectPage(db: Kysely<LedgerTables>, options: PageOptions): Promise<ObjectRecord[]> {
  const { route, routeId, states, after, limit } = options;
  const pageOf = (state: ObjectState | undefined) => {
    let query = db.selectFrom("objects").selectAll().where("route_id", "=", routeId);
    if (state !== undefined) query = query.where("state", "=", state);
    if (after !== undefined) query = query.where("key", ">", after);
    return query.orderBy("key").limit(limit).execute();
  };
  if (states === undefined) return (await pageOf(undefined)).map((row) => recordOf(row, route));

  // One range of the index per state: with `state in (…)` the database would sort all that is left instead of reading a page.
  const rows = [];
  for (const state of states) rows.push(...(await pageOf(state)));
  if (states.length > 1) rows.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  return rows.slice(0, limit).map((row) => recordOf(row, route));
}

export interface StateCount {
  readonly route: string;
  readonly state: ObjectState;
  readonly objects: number;
  readonly bytes: number;
}

/** Read from an index alone, about 10 million objects a second. */
export async function countByState(
  db: Kysely<LedgerTables>,
  routeNames: ReadonlyMap<number, string>,
): Promise<StateCount[]> {
  const rows = await db
    .selectFrom("objects")
    .select([
      "route_id",
      "state",
      (e) => e.fn.countAll<number>().as("objects"),
      (e) => e.fn.sum<number>("size").as("bytes"),
    ])
    .groupBy(["route_id", "state"])
    .execute();
  return rows.map((row) => ({
    route: routeNames.get(row.route_id) ?? "",
    state: row.state,
    objects: Number(row.objects),
    bytes: Number(row.bytes),
  }));
}

export interface ReasonCount extends StateCount {
  readonly reason: string | null;
  readonly errorCode: string | null;
}

/** Why objects are where they are; for the states that need a reason, which are the small ones. */
export async function countByReason(
  db: Kysely<LedgerTables>,
  routeNames: ReadonlyMap<number, string>,
  states: readonly ObjectState[],
): Promise<ReasonCount[]> {
  const rows = await db
    .selectFrom("objects")
    .select([
      "route_id",
      "state",
      "reason",
      "error_code",
      (e) => e.fn.countAll<number>().as("objects"),
      (e) => e.fn.sum<number>("size").as("bytes"),
    ])
    .where("route_id", "in", [...routeNames.keys()])
    .where("state", "in", [...states])
    .groupBy(["route_id", "state", "reason", "error_code"])
    .orderBy("objects", "desc")
    .execute();
  return rows.map((row) => ({
    route: routeNames.get(row.route_id) ?? "",
    state: row.state,
    reason: row.reason,
    errorCode: row.error_code,
    objects: Number(row.objects),
    bytes: Number(row.bytes),
  }));
}

/** The objects of these keys, by key; keys that the ledger does not have are absent. */
export async function findObjects(
  db: Kysely<LedgerTables>,
  route: string,
  routeId: number,
  keys: readonly string[],
): Promise<Map<string, ObjectRecord>> {
  const found = new Map<string, ObjectRecord>();
  for (let first = 0; first < keys.length; first += KEYS_PER_QUERY) {
    const rows = await db
      .selectFrom("objects")
      .selectAll()
      .where("route_id", "=", routeId)
      .where("key", "in", keys.slice(first, first + KEYS_PER_QUERY))
      .execute();
    for (const row of rows) found.set(row.key, recordOf(row, route));
  }
  return found;
}

const KEYS_PER_QUERY = 500;

/**
 * How many objects of a route have headers or metadata that the target cannot hold, and the first of them in key order. Reads
 * the whole route.
 */
export async function notCarriedObjects(
  db: Kysely<LedgerTables>,
  route: string,
  routeId: number,
  limit: number,
): Promise<{ readonly total: number; readonly first: readonly ObjectRecord[] }> {
  const those = db.selectFrom("objects").where("route_id", "=", routeId).where("not_carried", "is not", null);
  const counted = await those.select((e) => e.fn.countAll<number>().as("total")).executeTakeFirst();
  const rows = await those.selectAll().orderBy("key").limit(limit).execute();
  return { total: Number(counted?.total ?? 0), first: rows.map((row) => recordOf(row, route)) };
}
