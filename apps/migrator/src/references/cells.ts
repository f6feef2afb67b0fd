import type { Cell } from "./cell.ts";
import type { ReferenceEvent, ReferenceRoute } from "./contract.ts";
import type { Dialect, Moment, RowChunk } from "./database/dialect.ts";
import { leavesOf, mapLeaves } from "./database/shape/map-leaves.ts";
import type { Catalogue, Row, RowCell, Table, TextColumn } from "./database/table.ts";
import { keyOccurrences } from "./key-columns.ts";
import type { ReadLeaf } from "./read-cell.ts";
import { ANY_TEXT, type Sign } from "./sign.ts";
import { findOccurrences } from "./text/find-occurrences.ts";
import type { HostTable } from "./text/host-table.ts";

/** A cell that holds at least one reference, with what is needed to write it. */
export interface TableCell {
  readonly table: Table;
  readonly column: TextColumn;
  readonly key: readonly string[];
  readonly cell: Cell;
  /** As the database prints it; what will be compared. */
  readonly text: string;
  readonly leaves: readonly ReadLeaf[];
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
  readonly before?: Moment | undefined;
  readonly since?: Moment | undefined;
  /** Several connections read at once. Default: false. */
  readonly parallel?: boolean | undefined;
  /** Says what is left out and how far it is. Default: true. */
  readonly tells?: boolean | undefined;
  /** Cells that hold nothing but references to targets are passed over. Default: false. */
  readonly sourceOnly?: boolean | undefined;
}

const PROGRESS_EVERY_MS = 1_000;

/**
 * Chunks of cells that hold at least one reference, table by table. A cell is read when it is asked for, once: whoever needs no
 * more than one at a time has no more than one in memory.
 */
export async function* readCells(source: CellSource, options: ReadCellsOptions): AsyncGenerator<Iterable<TableCell>> {
  if (options.tells !== false) {
    for (const { label, column, reason, count } of source.catalogue.skipped) {
      // Of what is counted only a count is worth a word.
      if (count === undefined) options.onEvent({ type: "reference-skipped", table: label, column, reason });
    }
  }
  for (const table of source.catalogue.tables) yield* readTable(table, source, options);
}

async function* readTable(
  table: Table,
  source: CellSource,
  { signal, onEvent, before, since, parallel = false, tells = true, sourceOnly = false }: ReadCellsOptions,
): AsyncGenerator<Iterable<TableCell>> {
  const progress = (done: number): void => {
    if (!tells) return;
    const { label, estimatedRows: totalRows } = table;
    onEvent({
      type: "reference-progress",
      table: label,
      rows: Math.round(done * (totalRows ?? 0)),
      totalRows,
      done: done === 1,
    });
  };
  progress(0);
  let toldMs = performance.now();
  for (const part of partsOf(table)) {
    const signs = part.signs ?? (sourceOnly ? source.hosts.sourceSigns : source.hosts.signs);
    for await (const chunk of source.dialect.read(part.table, { signs, signal, before, since, parallel })) {
      tellTooLong(chunk, table, source, onEvent);
      if (chunk.rows.length > 0) yield cellsIn(chunk.rows, part.table, source);
      if (chunk.done < 1 && performance.now() - toldMs > PROGRESS_EVERY_MS) {
        toldMs = performance.now();
        progress(chunk.done);
      }
    }
  }
  progress(1);
}

/** Columns of bare keys have nothing that could be looked for: every row of them is read. */
function partsOf(table: Table): readonly { readonly table: Table; readonly signs?: readonly Sign[] }[] {
  const [keys, urls] = [true, false].map((wanted) =>
    table.columns.filter((column) => (column.keysOf !== undefined) === wanted),
  ) as [TextColumn[], TextColumn[]];
  return [
    ...(urls.length === 0 ? [] : [{ table: { ...table, columns: urls } }]),
    ...keys.map((column) => ({ table: { ...table, columns: [column] }, signs: [ANY_TEXT] })),
  ];
}

function tellTooLong(
  { tooLong }: RowChunk,
  table: Table,
  { dialect }: CellSource,
  onEvent: (event: ReferenceEvent) => void,
): void {
  for (const { key, column, bytes } of tooLong) {
    onEvent({
      type: "cell-failed",
      ...cellOf(dialect, table, column, key),
      code: "too-long",
      message: `the value has ${bytes} bytes, more than database.maxValueSize allows; it may hold references, and stays`,
    });
  }
}

function* cellsIn(rows: readonly Row[], table: Table, source: CellSource): Generator<TableCell> {
  for (const { key, cells } of rows) {
    for (const one of cells) {
      const cell = tableCell(key, one, table, source);
      if (cell !== undefined) yield cell;
    }
  }
}

/** Undefined when nothing in the cell names an object of ours. */
export function tableCell(
  key: readonly string[],
  { column, text }: RowCell,
  table: Table,
  { dialect, routes, hosts }: CellSource,
): TableCell | undefined {
  const own = column.keysOf === undefined ? undefined : routes.find((route) => route.name === column.keysOf);
  const leaves: ReadLeaf[] = [];
  for (const [index, { value, path, isJson, isName }] of leavesOf(text, column.shape).entries()) {
    const occurrences =
      own === undefined ? findOccurrences(value, { routes, hosts, isJson, path }) : keyOccurrences(value, own, path);
    if (occurrences.length > 0) leaves.push({ index, isName, text: value, occurrences });
  }
  return leaves.length === 0
    ? undefined
    : { table, column, key, cell: cellOf(dialect, table, column, key), text, leaves };
}

/** The cell's text with some of its texts replaced, by their index. */
export function withLeaves({ text, column }: TableCell, replaced: ReadonlyMap<number, string>): string {
  let index = 0;
  return mapLeaves(text, column.shape, (leaf) => replaced.get(index++) ?? leaf.value);
}

export function cellOf(
  dialect: Pick<Dialect, "shownKey">,
  table: Table,
  column: Pick<TextColumn, "name">,
  key: readonly string[],
): Cell {
  const primaryKey = Object.fromEntries(
    table.key.map((one, index) => [one.name, dialect.shownKey(key[index] ?? "", one)]),
  );
  return { table: table.label, column: column.name, primaryKey };
}
