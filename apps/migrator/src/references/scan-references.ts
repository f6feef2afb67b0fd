import type { ColumnInventory, ReferenceEvent, ScanSummary, StageOptions } from "./contract.ts";
import { readCells, type CellSource, type TableCell } from "./cells.ts";
import type { Occurrence, ReferenceKind } from "./text/occurrence.ts";
import { masked } from "./text/mask.ts";

const SAMPLES = 3;
/** Hosts and JSON paths that are told apart in one column: names come from the data, and there may be any number of them. */
const MOST_NAMES = 50;
const OTHERS = "…";

interface ColumnCounts {
  cells: number;
  references: number;
  alreadyRewritten: number;
  foreign: number;
  unsure: number;
  readonly byRoute: Record<string, number>;
  readonly byKind: Partial<Record<ReferenceKind, number>>;
  readonly byHost: Record<string, number>;
  readonly byPath: Record<string, number>;
  readonly samples: string[];
}

export interface ScanOptions extends StageOptions {
  /** Told of every reference to an object at a source or a target, by its key there. */
  readonly onReference?:
    | ((reference: { readonly route: string; readonly key: string; readonly side: "source" | "target" }) => void)
    | undefined;
}

/** Counts what is stored where. Asks no ledger, so it works before anything was copied. */
export async function scanReferences(source: CellSource, options: ScanOptions): Promise<ScanSummary> {
  const { signal, onEvent } = options;
  const { tables } = source.catalogue;
  const found = new Map<string, ColumnCounts>();
  for await (const cells of readCells(source, { signal, onEvent, parallel: true })) {
    for (const cell of cells) count(cell, found, options);
  }
  await countOthers(source, options);
  const rowsOf = Map.groupBy(tables, ({ label }) => label);
  const rows = (label: string): number | undefined => {
    const own = rowsOf.get(label)?.map(({ estimatedRows }) => estimatedRows) ?? [];
    return own.includes(undefined) ? undefined : own.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  };
  const columns = [...found].map(([id, counts]): ColumnInventory => {
    const [table = "", column = ""] = id.split("\n");
    return { table, column, rows: rows(table) ?? counts.cells, ...counts };
  });
  for (const column of columns) onEvent({ type: "reference-column", ...column });
  const sum = (of: (column: ColumnInventory) => number): number =>
    columns.reduce((total, column) => total + of(column), 0);
  return {
    // A table of a hundred partitions is one table.
    tables: rowsOf.size,
    rows: tables.reduce((total, table) => total + (table.estimatedRows ?? 0), 0),
    cells: sum((column) => column.cells),
    references: sum((column) => column.references),
    columns,
  };
}

/** Columns that cannot be rewritten are worth a word only when something is in them. */
async function countOthers({ catalogue, hosts, dialect }: CellSource, { signal, onEvent }: ScanOptions): Promise<void> {
  for (const { label, column, reason, count: countRows } of catalogue.skipped) {
    if (countRows === undefined) continue;
    signal.throwIfAborted();
    const rows = await countRows(hosts.signs).catch((error: unknown) => {
      throw dialect.translate(error);
    });
    if (rows > 0) onEvent({ type: "reference-skipped", table: label, column, reason, rows } satisfies ReferenceEvent);
  }
}

function count({ cell, leaves }: TableCell, found: Map<string, ColumnCounts>, { onReference }: ScanOptions): void {
  const id = `${cell.table}\n${cell.column}`;
  const counts = found.get(id) ?? {
    cells: 0,
    references: 0,
    alreadyRewritten: 0,
    foreign: 0,
    unsure: 0,
    byRoute: {},
    byKind: {},
    byHost: {},
    byPath: {},
    samples: [],
  };
  found.set(id, counts);
  let references = 0;
  for (const leaf of leaves) {
    for (const occurrence of leaf.occurrences) {
      const [reading] = occurrence.readings;
      if (reading === undefined) continue;
      const { route, side, kind, key } = reading;
      if (side === "foreign") {
        counts.foreign += 1;
        continue;
      }
      onReference?.({ route, key, side });
      if (side === "target") {
        counts.alreadyRewritten += 1;
        continue;
      }
      references += 1;
      const text = leaf.text.slice(occurrence.start, reading.end);
      counts.byRoute[route] = (counts.byRoute[route] ?? 0) + 1;
      counts.byKind[kind] = (counts.byKind[kind] ?? 0) + 1;
      if (!isSure(occurrence)) counts.unsure += 1;
      addTo(counts.byHost, hostOf(text));
      // Which element of an array it was tells nothing about a column.
      const path = occurrence.path?.replaceAll(/\[\d+\]/g, "[*]");
      if (path !== undefined) addTo(counts.byPath, path);
      if (counts.samples.length < SAMPLES) counts.samples.push(masked(text));
    }
  }
  counts.references += references;
  if (references > 0) counts.cells += 1;
}

/** One key, one end: whatever the ledger holds, it can be read in one way only. */
function isSure({ readings, unreadable }: Occurrence): boolean {
  const [first] = readings;
  return unreadable === undefined && readings.every(({ key, side }) => key === first?.key && side === first.side);
}

function hostOf(text: string): string {
  return /\/\/(?:[^/?#@]*@)?([^/?#]+)/.exec(text)?.[1]?.toLowerCase() ?? "";
}

function addTo(counts: Record<string, number>, name: string): void {
  const known = name in counts || Object.keys(counts).length < MOST_NAMES ? name : OTHERS;
  counts[known] = (counts[known] ?? 0) + 1;
}
