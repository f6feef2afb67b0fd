import type { Cell, KeyValue, ReferenceEvent, ReferenceRoute } from "./contract.ts";
import type { Dialect } from "./database/dialect.ts";
import { readRows } from "./database/rows.ts";
import type { Catalogue, Row, Table, TextColumn } from "./database/table.ts";
import type { ReadCell } from "./rewrite-plan.ts";
import { findOccurrences } from "./text/find-occurrences.ts";
import type { HostTable } from "./text/host-table.ts";

/** A cell with what is needed to write it. */
export interface TableCell extends ReadCell {
  readonly table: Table;
  readonly column: TextColumn;
  readonly key: readonly string[];
}

export interface CellSource {
  readonly dialect: Dialect;
  readonly routes: readonly ReferenceRoute[];
  readonly hosts: HostTable;
  readonly catalogue: Catalogue;
}

export interface ReadCellsOptions {
  readonly signal: AbortSignal;
  readonly onEvent: (event: ReferenceEvent) => void;
  /** Rows read by one statement. */
  readonly batch: number;
}

/** Batches of cells that hold at least one reference, table by table, each in the order of its key. */
export async function* readCells(source: CellSource, options: ReadCellsOptions): AsyncGenerator<readonly TableCell[]> {
  for (const { label, column, reason } of source.catalogue.skipped) {
    options.onEvent({ type: "reference-skipped", table: label, column, reason });
  }
  for (const table of source.catalogue.tables) yield* readTable(table, source, options);
}

async function* readTable(
  table: Table,
  source: CellSource,
  { signal, onEvent, batch }: ReadCellsOptions,
): AsyncGenerator<readonly TableCell[]> {
  const progress = (rows: number, done: boolean): void =>
    onEvent({ type: "reference-progress", table: table.label, rows, totalRows: table.estimatedRows, done });
  progress(0, false);
  let rows = 0;
  for (let after: readonly string[] | undefined; ;) {
    signal.throwIfAborted();
    const page = await readRows(source.dialect, table, { after, limit: batch, needles: source.hosts.needles });
    const cells = page.flatMap((row) => cellsOf(row, table, source));
    if (cells.length > 0) yield cells;
    rows += page.length;
    after = page.at(-1)?.key;
    if (page.length < batch || after === undefined) break;
    progress(rows, false);
  }
  // The database passed over all rows without a reference by itself.
  progress(table.estimatedRows ?? rows, true);
}

export function cellsOf(row: Row, table: Table, { routes, hosts }: Pick<CellSource, "routes" | "hosts">): TableCell[] {
  return row.cells.flatMap(({ column, text }) => {
    const occurrences = [...findOccurrences(text, { routes, hosts, isJson: column.kind === "json" })];
    return occurrences.length === 0
      ? []
      : [{ table, column, key: row.key, text, occurrences, cell: cellOf(table, column, row.key) }];
  });
}

export function cellOf(table: Table, column: Pick<TextColumn, "name">, key: readonly string[]): Cell {
  const primaryKey = Object.fromEntries(
    table.key.map((one, index): [string, KeyValue] => [one.name, keyValue(key[index] ?? "", one.castTo)]),
  );
  return { table: table.label, column: column.name, primaryKey };
}

/** Whole numbers as numbers, as long as JSON can hold them. */
function keyValue(text: string, castTo: string): KeyValue {
  const number = /^(?:integer|bigint|smallint|int)/i.test(castTo) && /^-?\d+$/.test(text) ? Number(text) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : text;
}
