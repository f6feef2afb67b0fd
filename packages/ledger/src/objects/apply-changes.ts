import { LedgerError } from "../ledger-error.ts";
import type { ObjectChange } from "./object-record.ts";
import { OBJECT_COLUMNS, rowOf } from "./object-row.ts";
import { isLegalTransition } from "./states.ts";

/** @throws LedgerError IllegalTransition */
export function assertLegal(change: ObjectChange): void {
  if (isLegalTransition(change.from, change.state)) return;
  throw new LedgerError(
    "IllegalTransition",
    `An object cannot go from ${change.from ?? "not in the ledger"} to ${change.state}: ${change.route} ${change.key}`,
  );
}

/** A statement of SQLite's driver; `changes` are the rows that it wrote. */
export interface RowStatement {
  run(...parameters: readonly unknown[]): { readonly changes: number };
}

const SET_COLUMNS = OBJECT_COLUMNS.filter((column) => column !== "route_id" && column !== "key");

const INSERT = `
  insert into objects (${OBJECT_COLUMNS.join(", ")}) values (${OBJECT_COLUMNS.map(() => "?").join(", ")})
  on conflict (route_id, key) do nothing`;

const UPDATE = `
  update objects set ${SET_COLUMNS.map((column) => `${column} = ?`).join(", ")}
  where route_id = ? and key = ? and state = ?`;

/**
 * Writes changes, in order, inside the caller's transaction. Each one is a compare-and-swap on the state that it started
 * from; one that finds another state fails the whole transaction.
 *
 * One statement a row: SQLite is in this process, so there is no way to save, and statements of fifty rows took three times as long.
 *
 * @throws LedgerError StateConflict
 */
export function applyChanges(
  prepare: (sql: string) => RowStatement,
  changes: readonly ObjectChange[],
  routeIds: ReadonlyMap<string, number>,
  now: number,
): void {
  const insert = prepare(INSERT);
  const update = prepare(UPDATE);
  for (const change of changes) {
    const row = rowOf(change, routeIdOf(change.route, routeIds), now);
    const { changes: written } =
      change.from === undefined
        ? insert.run(...OBJECT_COLUMNS.map((column) => row[column]))
        : update.run(...SET_COLUMNS.map((column) => row[column]), row.route_id, row.key, change.from);
    if (written !== 1) throw conflict(change);
  }
}

function routeIdOf(route: string, routeIds: ReadonlyMap<string, number>): number {
  const id = routeIds.get(route);
  if (id === undefined) throw new LedgerError("Unexpected", `The ledger has no route ${route}.`);
  return id;
}

function conflict({ route, key, from }: ObjectChange): LedgerError {
  return new LedgerError(
    "StateConflict",
    `${route} ${key} is no longer ${from ?? "absent"}: somebody else recorded a step of it. Nothing of this batch was recorded.`,
    { hint: "Run the command again: it starts from what the ledger holds now." },
  );
}
