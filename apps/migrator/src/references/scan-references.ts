import type { UrlKind } from "@bucketferry/storage-core/provider";
import type { ColumnInventory, ScanSummary, StageOptions } from "./contract.ts";
import { readCells, type CellSource, type TableCell } from "./cells.ts";
import { masked } from "./text/mask.ts";

const BATCH = 1000;
const SAMPLES = 3;

interface ColumnCounts {
  cells: number;
  references: number;
  alreadyRewritten: number;
  readonly byRoute: Record<string, number>;
  readonly byKind: Partial<Record<UrlKind, number>>;
  readonly byPath: Record<string, number>;
  readonly samples: string[];
}

/** Counts what is stored where. Asks no ledger, so it works before anything was copied. */
export async function scanReferences(source: CellSource, { signal, onEvent }: StageOptions): Promise<ScanSummary> {
  const { tables } = source.catalogue;
  const found = new Map<string, ColumnCounts>();
  for await (const cells of readCells(source, { signal, onEvent, batch: BATCH }))
    cells.forEach((cell) => count(cell, found));
  const columns = tables.flatMap((table) =>
    table.columns.flatMap(({ name }): ColumnInventory[] => {
      const counts = found.get(`${table.label}\n${name}`);
      return counts === undefined
        ? []
        : [{ table: table.label, column: name, rows: table.estimatedRows ?? counts.cells, ...counts }];
    }),
  );
  for (const column of columns) onEvent({ type: "reference-column", ...column });
  const sum = (of: (column: ColumnInventory) => number): number =>
    columns.reduce((total, column) => total + of(column), 0);
  return {
    tables: tables.length,
    rows: tables.reduce((total, table) => total + (table.estimatedRows ?? 0), 0),
    cells: sum((column) => column.cells),
    references: sum((column) => column.references),
    columns,
  };
}

function count({ cell, text, occurrences }: TableCell, found: Map<string, ColumnCounts>): void {
  const id = `${cell.table}\n${cell.column}`;
  const counts = found.get(id) ?? {
    cells: 0,
    references: 0,
    alreadyRewritten: 0,
    byRoute: {},
    byKind: {},
    byPath: {},
    samples: [],
  };
  found.set(id, counts);
  let references = 0;
  for (const { start, path, readings } of occurrences) {
    const [reading] = readings;
    if (reading === undefined || reading.side === "foreign") continue;
    if (reading.side === "target") {
      counts.alreadyRewritten += 1;
      continue;
    }
    references += 1;
    counts.byRoute[reading.route] = (counts.byRoute[reading.route] ?? 0) + 1;
    counts.byKind[reading.kind] = (counts.byKind[reading.kind] ?? 0) + 1;
    // Which element of an array it was tells nothing about a column.
    const shape = path?.replaceAll(/\[\d+\]/g, "[*]");
    if (shape !== undefined) counts.byPath[shape] = (counts.byPath[shape] ?? 0) + 1;
    if (counts.samples.length < SAMPLES) counts.samples.push(masked(text.slice(start, reading.end)));
  }
  counts.references += references;
  if (references > 0) counts.cells += 1;
}
