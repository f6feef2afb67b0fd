import type { KeptReason, LookUpStates, ReferenceEvent, RewriteSummary, RewriteTo, StageOptions } from "./contract.ts";
import { readCells, tableCell, withLeaves, type CellSource, type TableCell } from "./cells.ts";
import type { Cell } from "./cell.ts";
import { withExcerpt } from "./changed-excerpt.ts";
import { journalledTexts, rowKeyText } from "./database/journal.ts";
import type { CellRewrite, JournalledReference, RowRewrite } from "./database/journal-entry.ts";
import type { Moment } from "./database/dialect.ts";
import type { Table, WrittenRow } from "./database/table.ts";
import type { ReadText } from "./read-cell.ts";
import { pace, type Pace } from "./pace.ts";
import type { PaceOptions } from "./pace-options.ts";
import { portions } from "./portions.ts";
import { lookUp, planCell, type KeptReference } from "./rewrite-plan.ts";
import { swapRows, type Refusal, type SwapOutcome } from "./swap-rows.ts";
import { masked } from "./text/mask.ts";

export interface RewriteOptions extends StageOptions {
  readonly apply: boolean;
  readonly states: LookUpStates;
  readonly to: RewriteTo;
  readonly limit?: number | undefined;
  readonly pace?: PaceOptions | undefined;
}

/** How often a cell is read again when somebody else changes it meanwhile. */
const ATTEMPTS = 5;
/** Cells of which all that was read in their texts is in memory: several KiB of short-lived values each, and one question to the ledger. */
const PLANNED_AT_ONCE = 100;
/** Passes over the rows that were written since the pass before; what arrives after them is for `watch`. */
const CATCH_UPS = 3;

const WHY_REFUSED: Readonly<Record<Refusal, string>> = {
  "does-not-fit": "the column does not take the new text",
  locked: "somebody holds a lock on the row",
  "row-security": "a policy of row-level security refuses the new row",
};

/** Refused cells that are remembered. Whoever has more of them has another problem than a count that is too high. */
const MOST_REFUSED = 10_000;

/** `refused`: cells that were counted as such; a pass meets them again where another cell of their row was written. */
interface Run extends RewriteOptions {
  readonly refused: Set<string>;
}

type Counts = { -readonly [Key in keyof RewriteSummary]: RewriteSummary[Key] } & {
  kept: Partial<Record<KeptReason, number>>;
};

/** What a cell is to become, and why what stays stays. */
interface PlannedCell extends CellRewrite {
  readonly table: Table;
  readonly key: readonly string[];
  readonly cell: Cell;
  readonly kept: readonly KeptReference[];
  readonly alreadyRewritten: number;
}

interface PlannedRow extends RowRewrite {
  readonly cells: readonly PlannedCell[];
}

export async function rewriteReferences(source: CellSource, options: RewriteOptions): Promise<RewriteSummary> {
  const { tables } = source.catalogue;
  const counts: Counts = {
    applied: options.apply,
    rows: tables.reduce((sum, table) => sum + (table.estimatedRows ?? 0), 0),
    cellsRewritten: 0,
    referencesRewritten: 0,
    alreadyRewritten: 0,
    kept: {},
    failed: 0,
  };
  if (options.apply) {
    await translating(source, () =>
      source.dialect.prepareJournal({
        rekeys: tables.some(
          (table) => table.keyMayChange || table.columns.some((column) => column.keysOf !== undefined),
        ),
      }),
    );
  }
  const gait = pace(source.dialect, options.pace ?? {});
  const run: Run = { ...options, refused: new Set() };
  let moment = options.apply ? await source.dialect.moment() : undefined;
  await rewritePass(source, { before: moment }, counts, run, gait);
  // Rows that somebody wrote meanwhile stand where the pass had been already, or are left out of it.
  for (let pass = 1; pass <= CATCH_UPS && moment !== undefined && !isFull(counts, options); pass += 1) {
    const since: Moment = moment;
    moment = await source.dialect.moment();
    const before = counts.cellsRewritten;
    await rewritePass(source, { since }, counts, run, gait);
    if (counts.cellsRewritten === before) break;
  }
  return counts;
}

function isFull({ cellsRewritten }: Counts, { limit }: RewriteOptions): boolean {
  return limit !== undefined && cellsRewritten >= limit;
}

async function rewritePass(
  source: CellSource,
  versions: { readonly before?: Moment | undefined; readonly since?: Moment | undefined },
  counts: Counts,
  options: Run,
  gait: Pace,
): Promise<void> {
  const { apply, signal, onEvent, limit = Number.POSITIVE_INFINITY } = options;
  const isCatchUp = versions.since !== undefined;
  const cellsToRead = readCells(source, { signal, onEvent, ...versions, tells: !isCatchUp, sourceOnly: isCatchUp });
  /** The server writes a batch while the next one is read and planned here. */
  let writing = Promise.resolve();
  const plan = async (chunk: Iterable<TableCell>): Promise<PlannedCell[]> => {
    const planned: PlannedCell[] = [];
    for (const cells of portions(chunk, PLANNED_AT_ONCE)) {
      // What a cell of keys holds is known by the journal, which has to be complete for that.
      if (cells.some(({ column }) => column.keysOf !== undefined)) await writing;
      planned.push(...(await planAll(cells, source, options)));
    }
    return planned;
  };
  const write = async (due: readonly PlannedCell[]): Promise<void> => {
    for (const [table, ofTable] of Map.groupBy(due, (one) => one.table)) {
      const rows = rowsOf(ofTable);
      await gait.next(rows.length, signal);
      await writeRows(source, table, rows, counts, options);
    }
  };
  await translating(source, async () => {
    try {
      for await (const chunk of cellsToRead) {
        const planned = await plan(chunk);
        if (planned.length === 0) continue;
        // A catch-up meets what this very run has written, and what it has said of rows that somebody touched.
        if (!isCatchUp) planned.forEach((one) => reportKept(one, counts, onEvent));
        await writing;
        const due = planned.filter(({ from, to }) => to !== from).slice(0, Math.max(0, limit - counts.cellsRewritten));
        if (apply) writing = write(due);
        else due.forEach((one) => tellWritten(one, one.to, counts, options));
        // Whoever waits for it hears of its failure.
        writing.catch(() => undefined);
        if (limit !== Number.POSITIVE_INFINITY) await writing;
        if (counts.cellsRewritten >= limit) break;
      }
    } finally {
      await writing;
    }
  });
}

/** Asks the ledger once for all of them. */
async function planAll(
  cells: readonly TableCell[],
  source: CellSource,
  { states, to }: Pick<RewriteOptions, "states" | "to">,
): Promise<PlannedCell[]> {
  const known = await lookUp(
    cells.flatMap((cell) => cell.leaves),
    states,
  );
  const planned = cells.map((read): PlannedCell => {
    const { table, key, cell, column, text } = read;
    const isKeys = column.keysOf !== undefined;
    const replaced = new Map<number, string>();
    const references: JournalledReference[] = [];
    const kept: KeptReference[] = [];
    let alreadyRewritten = 0;
    for (const leaf of read.leaves) {
      const plan = planCell(leaf, known, source.routes, isKeys ? { to: "key", forms: { path: "map" } } : to);
      alreadyRewritten += plan.alreadyRewritten;
      kept.push(...plan.kept);
      if (plan.after === leaf.text) continue;
      if (leaf.isName) {
        kept.push(...keptNames(leaf));
        continue;
      }
      replaced.set(leaf.index, plan.after);
      references.push(...plan.references);
    }
    const after = replaced.size === 0 ? text : withLeaves(read, replaced);
    return { table, key, cell, column, from: text, to: after, references, kept, alreadyRewritten };
  });
  return withoutOwnKeys(planned, source);
}

/** The names in an hstore are what the app looks up: renaming them would break it. */
function keptNames({ text, occurrences }: ReadText): KeptReference[] {
  return occurrences.flatMap(({ start, path, readings: [reading] }) =>
    reading === undefined
      ? []
      : [{ path, text: text.slice(start, reading.end), reading, reason: "not-rewritable" as const }],
  );
}

/**
 * A new key can be equal to another object's old one. So a cell of a column of keys that holds what we wrote, by the journal,
 * is done, whatever its text could be read as.
 */
async function withoutOwnKeys(planned: PlannedCell[], { dialect }: CellSource): Promise<PlannedCell[]> {
  const due = planned.filter(({ column, from, to }) => column.keysOf !== undefined && to !== from);
  if (due.length === 0 || !(await dialect.hasJournal())) return planned;
  const own = new Set<PlannedCell>();
  for (const ofColumn of Map.groupBy(due, ({ table, column }) => `${table.label}\n${column.name}`).values()) {
    const [first] = ofColumn;
    if (first === undefined) continue;
    const { table, column } = first;
    const keyOf = ({ key }: PlannedCell): string => rowKeyText(table, key);
    const texts = await dialect.reading((db) => journalledTexts(db, table.writeTo, column.name, ofColumn.map(keyOf)));
    for (const one of ofColumn) if (texts.get(keyOf(one)) === one.from) own.add(one);
  }
  return planned.map((one) =>
    own.has(one) ? { ...one, to: one.from, references: [], alreadyRewritten: one.references.length } : one,
  );
}

/** Cells of one row are written together, by one update. They were read together, and share its key. */
function rowsOf(planned: readonly PlannedCell[]): PlannedRow[] {
  return [...Map.groupBy(planned, ({ key }) => key)].map(([key, cells]) => ({ key, cells }));
}

async function writeRows(
  source: CellSource,
  table: Table,
  rows: readonly PlannedRow[],
  counts: Counts,
  options: Run,
): Promise<void> {
  const outcomes = await swap(source, table, rows, options);
  for (const [row, outcome] of outcomes) {
    if (outcome.kind === "written") tellRow(row, outcome.row, counts, options);
    else if (row.cells.length === 1) await settle(source, table, row, outcome, counts, options);
    else await writeOneByOne(source, table, row, counts, options);
  }
}

function swap(source: CellSource, table: Table, rows: readonly PlannedRow[], { signal }: RewriteOptions) {
  return swapRows(source.dialect, rows, {
    write: (writer, part) => writer.rewrite(table, part),
    stage: "rewrite",
    signal,
  });
}

/** One cell of the row stood in the way of the others. */
async function writeOneByOne(
  source: CellSource,
  table: Table,
  row: PlannedRow,
  counts: Counts,
  options: Run,
): Promise<void> {
  let { key } = row;
  for (const cell of row.cells) {
    const alone: PlannedRow = { key, cells: [cell] };
    const outcome = (await swap(source, table, [alone], options)).get(alone);
    if (outcome?.kind === "written") {
      tellRow(alone, outcome.row, counts, options);
      ({ key } = outcome.row);
    } else if (outcome !== undefined) {
      key = await settle(source, table, alone, outcome, counts, options);
    }
  }
}

/** A cell that was not written: read again and tried again when somebody changed it, else said. Gives the row's key. */
async function settle(
  source: CellSource,
  table: Table,
  row: PlannedRow,
  outcome: SwapOutcome,
  counts: Counts,
  options: Run,
): Promise<readonly string[]> {
  const { onEvent, refused } = options;
  let [current] = row.cells;
  let last = outcome;
  for (let attempt = 1; current !== undefined; attempt += 1) {
    const { cell, column, from } = current;
    if (last.kind === "written") {
      tellRow({ key: row.key, cells: [current] }, last.row, counts, options);
      return last.row.key;
    }
    if (last.kind === "refused") {
      const { code, databaseCode } = last;
      fail(current, code, `${WHY_REFUSED[code]} (${databaseCode})`);
      return row.key;
    }
    const text = await source.dialect.readCell(table, row.key, column);
    if (typeof text !== "string") {
      onEvent({ ...cell, type: "cell-left", reason: text === undefined ? "missing" : "edited-since" });
      return row.key;
    }
    // Nobody changed it, and still it was not found: twice, since it may have been changed back.
    if (attempt > 1 && text === from && (await source.dialect.hasRowSecurity(table))) {
      fail(current, "row-security", "row-level security lets this user read the row and not write it");
      return row.key;
    }
    const fresh = tableCell(row.key, { column, text }, table, source);
    const [again] = fresh === undefined ? [] : await planAll([fresh], source, options);
    if (again === undefined || again.to === text) {
      onEvent({ ...cell, type: "cell-left", reason: "edited-since" });
      return row.key;
    }
    if (attempt === ATTEMPTS) {
      fail(current, "row-changed", "the row was changed again and again while it was being written");
      return row.key;
    }
    current = again;
    const alone: PlannedRow = { key: row.key, cells: [current] };
    last = (await swap(source, table, [alone], options)).get(alone) ?? { kind: "changed" };
  }
  return row.key;

  function fail({ column, key, cell, references }: PlannedCell, code: Refusal | "row-changed", message: string) {
    const id = JSON.stringify([table.label, column.name, key]);
    if (refused.has(id)) return;
    if (refused.size < MOST_REFUSED) refused.add(id);
    counts.failed += 1;
    counts.kept[code] = (counts.kept[code] ?? 0) + references.length;
    onEvent({ ...cell, type: "cell-failed", code, message });
  }
}

function tellRow({ cells }: PlannedRow, { texts }: WrittenRow, counts: Counts, options: RewriteOptions): void {
  for (const [index, cell] of cells.entries()) tellWritten(cell, texts[index] ?? cell.to, counts, options);
}

function tellWritten(
  { cell, from, references }: PlannedCell,
  after: string,
  counts: Counts,
  { apply, onEvent }: RewriteOptions,
): void {
  counts.cellsRewritten += 1;
  counts.referencesRewritten += references.length;
  const event = { ...cell, type: "cell-rewritten", applied: apply, references: references.length } as const;
  onEvent(withExcerpt(event, from, after));
}

function reportKept(
  { cell, kept, alreadyRewritten }: PlannedCell,
  counts: Counts,
  onEvent: (event: ReferenceEvent) => void,
): void {
  counts.alreadyRewritten += alreadyRewritten;
  for (const { path, text, reading, reason } of kept) {
    counts.kept[reason] = (counts.kept[reason] ?? 0) + 1;
    const { route, key } = reading;
    onEvent({
      ...cell,
      type: "reference-kept",
      path,
      // Of millions that stay a few are shown.
      get text() {
        return masked(text);
      },
      route,
      key,
      reason,
    });
  }
}

async function translating<T>({ dialect }: CellSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // An abort, and what is no failure of the database, is passed on as it is.
    throw (error as { code?: unknown } | null)?.code === undefined || (error as Error).name === "AbortError"
      ? error
      : dialect.translate(error);
  }
}
