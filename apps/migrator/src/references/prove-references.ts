import type { StageOptions, StoredReference } from "./contract.ts";
import { readCells, type CellSource } from "./cells.ts";
import { readJournal } from "./database/journal.ts";

const BATCH = 500;

/** Every reference as it stands in the database now; those that became bare keys are known from the journal only. */
export async function* proveReferences(
  source: CellSource,
  { signal, onEvent }: StageOptions,
  toKey: boolean,
): AsyncGenerator<StoredReference> {
  for await (const cells of readCells(source, { signal, onEvent, batch: BATCH })) {
    for (const { cell, text, occurrences } of cells) {
      for (const { start, path, readings } of occurrences) {
        const [reading] = readings;
        if (reading === undefined || reading.side === "foreign") continue;
        const { route, key, side, end } = reading;
        yield { ...cell, path, url: text.slice(start, end), route, key, side };
      }
    }
  }
  if (toKey) yield* journalledKeys(source, signal);
}

async function* journalledKeys({ dialect }: CellSource, signal: AbortSignal): AsyncGenerator<StoredReference> {
  if (!(await dialect.hasJournal())) return;
  for (let below: number | undefined; ;) {
    signal.throwIfAborted();
    const entries = await readJournal(dialect.db, below, BATCH);
    for (const { table, column, rowKey, references } of entries) {
      for (const { route, key, path, text } of references) {
        yield { table: table.label, column, primaryKey: rowKey, path, url: text, route, key, side: "target" };
      }
    }
    below = entries.at(-1)?.id;
    if (below === undefined) return;
  }
}
