import { LedgerError } from "../ledger-error.ts";
import type { ObjectChange } from "./object-record.ts";
import type { Sql } from "../sqlite/sql.ts";
import { INSERT_OBJECT, UPDATE_OBJECT, valuesOf } from "./object-row.ts";
import { isLegalTransition } from "./states.ts";

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
 * One statement a row: SQLite is in this process, so there is no way to save, and statements of fifty rows took three times as long.
 *
 * @throws LedgerError StateConflict
 */
export function applyChanges(
  sql: Sql,
  changes: readonly ObjectChange[],
  routeIds: ReadonlyMap<string, number>,
  now: number,
): void {
  const insert = sql.prepare(INSERT_OBJECT);
  const update = sql.prepare(UPDATE_OBJECT);
  for (const change of changes) {
    const values = valuesOf(change, routeIdOf(change.route, routeIds), now);
    const written = change.from === undefined ? insert.run(values) : update.run([...values, change.from]);
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
