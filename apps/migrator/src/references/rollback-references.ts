import type { ReferenceEvent, RollbackSummary, StageOptions } from "./contract.ts";
import { cellOf } from "./cells.ts";
import { noTable } from "./no-table.ts";
import { changedExcerpt, withExcerpt } from "./changed-excerpt.ts";
import type { Dialect } from "./database/dialect.ts";
import { readJournal, rowKeyText } from "./database/journal.ts";
import type { CellRestore, JournalEntry, RowRestore } from "./database/journal-entry.ts";
import type { Catalogue, Table, TextColumn } from "./database/table.ts";
import { swapRows, type Refusal, type SwapOutcome } from "./swap-rows.ts";
import { masked } from "./text/mask.ts";

type Verdict = "restored" | "alreadyRestored" | "editedSince" | "missing" | "failed";

interface Place {
  readonly table: Table;
  readonly column: TextColumn;
  readonly key: readonly string[];
}

interface Undo extends CellRestore {
  readonly entry: JournalEntry;
}

interface UndoRow extends RowRestore {
  readonly cells: readonly Undo[];
}

const WHY_REFUSED: Readonly<Record<Refusal, string>> = {
  "does-not-fit": "the column does not take its old text",
  locked: "somebody holds a lock on the row",
  "row-security": "a policy of row-level security refuses the old row",
};

export interface RollbackOptions extends StageOptions {
  readonly apply: boolean;
  /** As people write it: `lectures`, `public.lectures`. */
  readonly table?: string | undefined;
}

/** Takes the journal back, newest write first: each cell only if it still holds exactly what was written. */
export async function rollbackReferences(
  dialect: Dialect,
  catalogue: Catalogue,
  options: RollbackOptions,
): Promise<RollbackSummary> {
  const { apply, signal, onEvent } = options;
  const counts: Record<Verdict, number> = { restored: 0, alreadyRestored: 0, editedSince: 0, missing: 0, failed: 0 };
  const tables = new Map(
    catalogue.tables.flatMap((table) => [table, { ...table, ...table.writeTo }]).map((table) => [nameOf(table), table]),
  );
  try {
    if (await dialect.hasJournal()) await undoAll();
  } catch (error) {
    throw (error as Error).name === "AbortError" ? error : dialect.translate(error);
  }
  return { applied: apply, ...counts };

  async function undoAll(): Promise<void> {
    // Writes of ours re-key open entries of the rows that they move.
    if (apply) await dialect.prepareJournal({ rekeys: [...tables.values()].some((table) => table.keyMayChange) });
    const only = options.table === undefined ? undefined : tableNamed(options.table);
    for (let below: number | undefined, isLast = false; !isLast;) {
      signal.throwIfAborted();
      const page = { below, table: only };
      const { entries, nextBelow } = await dialect.reading((db) => readJournal(db, page));
      while (entries.length > 0) {
        // Rows that moved are found by the keys that the journal has now.
        const round = await undoRound(entries);
        entries.splice(0, entries.length, ...(await refreshed(entries.slice(round), below)));
      }
      below = nextBelow;
      isLast = nextBelow === undefined;
    }
  }

  /** Entries of one table from the front, each cell once, so that the writes of a cell are taken back one after another. */
  async function undoRound(entries: readonly JournalEntry[]): Promise<number> {
    const [first] = entries;
    if (first === undefined) return 0;
    const place = placeOf(first);
    if (place === undefined) {
      // The table or the column is gone, and the reference with it.
      count("missing", { ...cellLike(first), type: "cell-left", reason: "missing" });
      return 1;
    }
    const { table } = place;
    const rows = new Map<string, Undo[]>();
    const keys = new Map<string, readonly string[]>();
    let taken = 0;
    for (const entry of entries) {
      const here = placeOf(entry);
      if (here?.table !== table) break;
      const id = rowKeyText(table, here.key);
      const cells = rows.get(id) ?? [];
      if (cells.some((cell) => cell.column.name === entry.column)) break;
      rows.set(id, [...cells, { column: here.column, from: entry.after, to: entry.before, entry }]);
      keys.set(id, here.key);
      taken += 1;
    }
    const changes = [...rows].map(([id, cells]): UndoRow => ({ key: keys.get(id) ?? [], cells }));
    if (!apply) {
      for (const { key, cells } of changes) for (const cell of cells) await foresee(table, key, cell);
      return taken;
    }
    for (const [row, outcome] of await swap(table, changes)) await settle(table, row, outcome);
    return taken;
  }

  function swap(table: Table, changes: readonly UndoRow[]): Promise<ReadonlyMap<UndoRow, SwapOutcome>> {
    return swapRows(dialect, changes, {
      write: (writer, part) => writer.restore(table, part),
      stage: "rollback",
      signal,
    });
  }

  async function settle(table: Table, row: UndoRow, outcome: SwapOutcome): Promise<void> {
    if (outcome.kind === "written") {
      for (const { entry } of row.cells) count("restored", restored(table, row.key, entry, true));
      return;
    }
    if (row.cells.length > 1) {
      // One cell of the row stood in the way of the others.
      let { key } = row;
      for (const cell of row.cells) {
        const alone: UndoRow = { key, cells: [cell] };
        const own = (await swap(table, [alone])).get(alone) ?? { kind: "changed" };
        await settle(table, alone, own);
        if (own.kind === "written") ({ key } = own.row);
      }
      return;
    }
    const [cell] = row.cells;
    if (cell === undefined) return;
    if (outcome.kind === "refused") {
      const message = `${WHY_REFUSED[outcome.code]} (${outcome.databaseCode})`;
      const failed = { ...cellOf(dialect, table, cell.column, row.key), type: "cell-failed" } as const;
      count("failed", { ...failed, code: outcome.code, message });
      return;
    }
    const verdict = await foresee(table, row.key, cell);
    if (verdict === "alreadyRestored") await dialect.write((writer) => writer.markRestored([cell.entry.id]));
  }

  /** What is there now, and what rollback does with it. */
  async function foresee(table: Table, key: readonly string[], { column, entry }: Undo): Promise<Verdict> {
    const cell = cellOf(dialect, table, column, key);
    const now = await dialect.readCell(table, key, column);
    if (now === entry.after && !apply) return count("restored", restored(table, key, entry, false));
    if ((now === undefined || now === entry.after) && (await dialect.hasRowSecurity(table))) {
      const message =
        now === undefined
          ? "the row is gone, or row-level security hides it from this user"
          : "row-level security lets this user read the row and not write it";
      return count("failed", { ...cell, type: "cell-failed", code: "row-security", message });
    }
    if (now === undefined) return count("missing", { ...cell, type: "cell-left", reason: "missing" });
    if (now === entry.before) return count("alreadyRestored", undefined);
    const { before, after } = changedExcerpt(entry.before, entry.after);
    return count("editedSince", {
      ...cell,
      type: "cell-left",
      reason: "edited-since",
      before,
      ours: after,
      now: now === null ? null : masked(now),
    });
  }

  function count(verdict: Verdict, event: ReferenceEvent | undefined): Verdict {
    counts[verdict] += 1;
    if (event !== undefined) onEvent(event);
    return verdict;
  }

  function placeOf({ table: name, column, rowKey }: JournalEntry): Place | undefined {
    const table = tables.get(nameOf(name));
    const found = table?.columns.find((one) => one.name === column);
    if (table === undefined || found === undefined) return undefined;
    return { table, column: found, key: table.key.map((one) => rowKey[one.name] ?? "") };
  }

  function tableNamed(asked: string): Table {
    const found = [...tables.values()].find((table) => table.label === asked || table.name === asked);
    if (found === undefined) throw noTable(asked);
    return found;
  }

  /** The same entries as the journal has them now; those that were taken back meanwhile are left out. */
  async function refreshed(entries: readonly JournalEntry[], below: number | undefined): Promise<JournalEntry[]> {
    if (entries.length === 0) return [];
    if (!apply || ![...tables.values()].some((table) => table.keyIsAddress || table.keyMayChange)) return [...entries];
    const wanted = new Set(entries.map((entry) => entry.id));
    const { entries: now } = await dialect.reading((db) => readJournal(db, { below }));
    return now.filter((entry) => wanted.has(entry.id));
  }

  function restored(table: Table, key: readonly string[], entry: JournalEntry, applied: boolean): ReferenceEvent {
    const event = {
      ...cellOf(dialect, table, { name: entry.column }, key),
      type: "cell-restored",
      applied,
      references: entry.references.length,
    } as const;
    return withExcerpt(event, entry.after, entry.before);
  }
}

function cellLike({ label, column, rowKey }: JournalEntry) {
  return { table: label, column, primaryKey: rowKey };
}

function nameOf({ schema, name }: { readonly schema: string | undefined; readonly name: string }): string {
  return `${schema ?? ""}\n${name}`;
}
