import type { Cell, ReferenceEvent, RollbackSummary, StageOptions } from "./contract.ts";
import { cellOf } from "./cells.ts";
import type { AppDatabase, Dialect } from "./database/dialect.ts";
import { markRestored, readJournal, type JournalEntry } from "./database/journal.ts";
import { readCell, swapCell } from "./database/rows.ts";
import { releaseSavepoint, rollbackToSavepoint, setSavepoint } from "./database/savepoint.ts";
import type { Catalogue, Table, TextColumn } from "./database/table.ts";
import { killPoint } from "./kill-point.ts";
import { masked } from "./text/mask.ts";

const BATCH = 200;

type Outcome = "restored" | "alreadyRestored" | "editedSince" | "missing" | "failed";

interface Undo {
  readonly outcome: Outcome;
  readonly event: ReferenceEvent | undefined;
}

/** Takes the journal back, newest write first: each cell only if it still holds exactly what was written. */
export async function rollbackReferences(
  dialect: Dialect,
  catalogue: Catalogue,
  { apply, signal, onEvent }: StageOptions & { readonly apply: boolean },
): Promise<RollbackSummary> {
  const counts: Record<Outcome, number> = { restored: 0, alreadyRestored: 0, editedSince: 0, missing: 0, failed: 0 };
  const undoOf = apply ? restore : foresee;
  if (await dialect.hasJournal()) {
    for (let below: number | undefined; ;) {
      signal.throwIfAborted();
      const entries = await readJournal(dialect.db, below, BATCH);
      if (entries.length === 0) break;
      const undone = await undoBatch(entries);
      for (const { outcome, event } of undone) {
        counts[outcome] += 1;
        if (event !== undefined) onEvent(event);
      }
      below = entries.at(-1)?.id;
    }
  }
  return { applied: apply, ...counts };

  async function undoBatch(entries: readonly JournalEntry[]): Promise<Undo[]> {
    const work = async (db: AppDatabase): Promise<Undo[]> => {
      const undone: Undo[] = [];
      for (const entry of entries) undone.push(await undo(db, entry));
      killPoint("rollback:before-commit");
      return undone;
    };
    try {
      if (!apply) return await work(dialect.db);
      return await dialect.db.transaction().execute(async (transaction) => {
        await dialect.beginWriting(transaction);
        return work(transaction);
      });
    } catch (error) {
      throw dialect.translate(error);
    }
  }

  async function undo(db: AppDatabase, entry: JournalEntry): Promise<Undo> {
    const place = placeOf(entry, catalogue);
    // The table or column itself is gone, and the reference with it.
    if (place === undefined) return { outcome: "missing", event: undefined };
    const { table, column, key } = place;
    return undoOf(dialect, db, entry, { table, column, key, cell: cellOf(table, column, key) });
  }
}

interface Place {
  readonly table: Table;
  readonly column: TextColumn;
  readonly key: readonly string[];
}

type CellPlace = Place & { readonly cell: Cell };

function placeOf({ table: { schema, name }, column, rowKey }: JournalEntry, { tables }: Catalogue): Place | undefined {
  const table = tables.find((one) => one.schema === schema && one.name === name);
  const found = table?.columns.find((one) => one.name === column);
  if (table === undefined || found === undefined) return undefined;
  return { table, column: found, key: table.key.map((one) => rowKey[one.name] ?? "") };
}

async function restore(dialect: Dialect, db: AppDatabase, entry: JournalEntry, place: CellPlace): Promise<Undo> {
  const { table, column, key, cell } = place;
  await setSavepoint(db);
  try {
    const swapped = await swapCell(dialect, db, table, { key, column, from: entry.after, to: entry.before });
    killPoint("rollback:after-update");
    if (swapped !== undefined) await markRestored(db, entry.id);
    await releaseSavepoint(db);
    if (swapped !== undefined) return { outcome: "restored", event: restored(entry, cell, true) };
  } catch (error) {
    if (!dialect.isAboutTheCell(error)) throw error;
    await rollbackToSavepoint(db);
    const message = `the column does not take its old text (${(error as { code?: string }).code ?? "no code"})`;
    return { outcome: "failed", event: { ...cell, type: "cell-failed", code: "does-not-fit", message } };
  }
  const left = await foresee(dialect, db, entry, place);
  if (left.outcome === "alreadyRestored") await markRestored(db, entry.id);
  return left;
}

async function foresee(dialect: Dialect, db: AppDatabase, entry: JournalEntry, place: CellPlace): Promise<Undo> {
  const { table, column, key, cell } = place;
  const now = await readCell(dialect, db, table, key, column);
  if (now === undefined) return { outcome: "missing", event: { ...cell, type: "cell-left", reason: "missing" } };
  if (now === entry.after) return { outcome: "restored", event: restored(entry, cell, false) };
  if (now === entry.before) return { outcome: "alreadyRestored", event: undefined };
  return { outcome: "editedSince", event: { ...cell, type: "cell-left", reason: "edited-since" } };
}

function restored(entry: JournalEntry, cell: Cell, applied: boolean): ReferenceEvent {
  return {
    ...cell,
    type: "cell-restored",
    applied,
    references: entry.references.length,
    before: masked(entry.after),
    after: masked(entry.before),
  };
}
