import { setImmediate as turn } from "node:timers/promises";
import type { ObjectsTable } from "../schema/tables.ts";
import { placeholders, type Sql } from "../sqlite/sql.ts";
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
  size: "size",
  "-size": "-size",
  oldest: "coalesce(last_modified, 9007199254740991)",
  newest: "-coalesce(last_modified, -9007199254740991)",
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
  read: <T>(work: (sql: Sql) => T) => Promise<T>,
  { routeId, route, states, order, pageSize, signal }: OrderedPagesOptions,
): AsyncGenerator<readonly ObjectRecord[], void, undefined> {
  const table = `temp.ordered_${++tables}`;
  await read((sql) =>
    sql.exec(`create table ${table} (rank integer, key text, primary key (rank, key)) without rowid`),
  );
  try {
    for (const state of states) {
      const those = "from objects where route_id = ? and state = ? and key > ?";
      let after = "";
      for (let more = true; more;) {
        signal?.throwIfAborted();
        const where = [routeId, state, after] as const;
        const last = await read((sql) =>
          sql.first<{ readonly key: string }>(
            `select key ${those} order by key limit 1 offset ${ROWS_AT_ONCE - 1}`,
            ...where,
          ),
        );
        const into = `insert into ${table} select ${RANKS[order]}, key ${those}`;
        await read((sql) =>
          last === undefined ? sql.run(into, ...where) : sql.run(`${into} and key <= ?`, ...where, last.key),
        );
        after = last?.key ?? after;
        more = last !== undefined;
        await turn();
      }
    }

    interface Place {
      readonly rank: number;
      readonly key: string;
    }
    let position: Place | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const place = position;
      const sorted = await read((sql) =>
        place === undefined
          ? sql.all<Place>(`select rank, key from ${table} order by rank, key limit ?`, pageSize)
          : sql.all<Place>(
              `select rank, key from ${table} where (rank, key) > (?, ?) order by rank, key limit ?`,
              place.rank,
              place.key,
              pageSize,
            ),
      );
      position = sorted.at(-1);
      if (position === undefined) return;
      const keys = sorted.map((row) => row.key);
      const found = await read((sql) =>
        sql.all<ObjectsTable>(
          `select * from objects where route_id = ? and key in (${placeholders(keys)})
           and state in (${placeholders(states)})`,
          routeId,
          ...keys,
          ...states,
        ),
      );
      const records = new Map(found.map((row) => [row.key, recordOf(row, route)]));
      yield keys.flatMap((key) => records.get(key) ?? []);
    }
  } finally {
    // A ledger that was closed meanwhile has dropped it already.
    await read((sql) => sql.exec(`drop table if exists ${table}`)).catch(() => undefined);
  }
}
