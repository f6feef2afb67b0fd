import type { StageOptions, StoredReference } from "./contract.ts";
import { readCells, type CellSource, type ReadCellsOptions } from "./cells.ts";
import { readJournal } from "./database/journal.ts";

/**
 * Every reference as it stands in the database now; those that became bare keys are known from the journal only. A row that
 * is updated meanwhile may come twice, and is never passed over.
 */
export async function* proveReferences(
  source: CellSource,
  { signal, onEvent }: StageOptions,
  toKey: boolean,
): AsyncGenerator<StoredReference> {
  const since = await source.dialect.moment();
  yield* referencesIn(source, { signal, onEvent });
  // Rows that were written while they were read, and may have moved to where the reader had been.
  if (since !== undefined) yield* referencesIn(source, { signal, onEvent, since, tells: false });
  if (toKey) yield* journalledKeys(source, signal);
}

async function* referencesIn(source: CellSource, options: ReadCellsOptions): AsyncGenerator<StoredReference> {
  for await (const cells of readCells(source, options)) {
    for (const { cell, leaves } of cells) {
      for (const leaf of leaves) {
        for (const { start, path, readings } of leaf.occurrences) {
          const [reading] = readings;
          if (reading === undefined || reading.side === "foreign") continue;
          const { route, key, side, end } = reading;
          yield { ...cell, path, url: leaf.text.slice(start, end), route, key, side };
        }
      }
    }
  }
}

async function* journalledKeys({ dialect }: CellSource, signal: AbortSignal): AsyncGenerator<StoredReference> {
  if (!(await dialect.hasJournal())) return;
  for (let below: number | undefined, isLast = false; !isLast;) {
    signal.throwIfAborted();
    const from = below;
    const page = await dialect.reading((db) => readJournal(db, { below: from }));
    for (const { label, column, rowKey, references } of page.entries) {
      for (const { route, key, path, text } of references) {
        yield { table: label, column, primaryKey: rowKey, path, url: text, route, key, side: "target" };
      }
    }
    below = page.nextBelow;
    isLast = below === undefined;
  }
}
