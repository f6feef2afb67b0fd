import { setImmediate as turn } from "node:timers/promises";
import { sql, type Kysely } from "kysely";
import type { LedgerTables, ObjectsTable } from "../schema/tables.ts";
import type { ObjectOrder, ObjectRecord } from "./object-record.ts";
import { recordOf } from "./object-row.ts";
import type { ObjectState } from "./states.ts";

export interface OrderedPagesOptions {
  readonly routeId: number;
  readonly route: string;
  readonly states: readonly ObjectState[];
  readonly order: Exclude<ObjectOrder, "key">;
  readonly pageSize: number;
  readonly signal: AbortSignal | undefined;
}

/** Each as a number that grows along the order. An object whose time nobody knows comes last. */
const RANKS = {
  size: sql<number>`size`,
  "-size": sql<number>`-size`,
  oldest: sql<number>`coalesce(last_modified, 9007199254740991)`,
  newest: sql<number>`-coalesce(last_modified, -9007199254740991)`,
} as const;

/** Rows that are sorted in one go, before others have a turn: about 20 ms. */
const ROWS_AT_ONCE = 10_000;

let tables = 0;

/**
 * The objects that are in these states now, in an order of their own, page by page. Those that have left the states when their
 * page comes are not in it, and those that entered them since are not either.
 *
 * The keys are sorted into a temporary table, which SQLite keeps in a file of its own: an index on size and another on time
 * would be written with every step of every object, by everyone who never asks for them.
 */
export async function* orderedPages(
  read: <T>(work: (db: Kysely<LedgerTables>) => Promise<T>) => Promise<T>,
  { routeId, route, states, order, pageSize, signal }: OrderedPagesOptions,
): AsyncGenerator<readonly ObjectRecord[], void, undefined> {
  const table = sql.table(`temp.ordered_${++tables}`);
  await read((db) =>
    sql`create table ${table} (rank integer, key text, primary key (rank, key)) without rowid`.execute(db),
  );
  try {
    for (const state of states) {
      let after = "";
      for (let more = true; more;) {
        signal?.throwIfAborted();
        const last = await read((db) =>
          sql<{ key: string }>`
            select key from objects where route_id = ${routeId} and state = ${state} and key > ${after}
            order by key limit 1 offset ${ROWS_AT_ONCE - 1}`.execute(db),
        );
        const upTo = last.rows[0]?.key;
        await read((db) =>
          sql`
            insert into ${table} select ${RANKS[order]}, key from objects
            where route_id = ${routeId} and state = ${state} and key > ${after}
            ${upTo === undefined ? sql`` : sql`and key <= ${upTo}`}`.execute(db),
        );
        after = upTo ?? after;
        more = upTo !== undefined;
        await turn();
      }
    }

    let position: { readonly rank: number; readonly key: string } | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const place = position;
      const sorted = await read((db) =>
        sql<{ rank: number; key: string }>`
          select rank, key from ${table}
          ${place === undefined ? sql`` : sql`where (rank, key) > (${place.rank}, ${place.key})`}
          order by rank, key limit ${pageSize}`.execute(db),
      );
      position = sorted.rows.at(-1);
      if (position === undefined) return;
      const keys = sorted.rows.map((row) => row.key);
      const found = await read((db) =>
        sql<ObjectsTable>`
          select * from objects where route_id = ${routeId} and key in (${sql.join(keys)})
          and state in (${sql.join(states)})`.execute(db),
      );
      const records = new Map(found.rows.map((row) => [row.key, recordOf(row, route)]));
      yield keys.flatMap((key) => records.get(key) ?? []);
    }
  } finally {
    // A ledger that was closed meanwhile has dropped it already.
    await read((db) => sql`drop table if exists ${table}`.execute(db)).catch(() => undefined);
  }
}
