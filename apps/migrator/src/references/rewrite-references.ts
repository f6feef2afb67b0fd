import type { KeptReason, LookUpStates, ReferenceEvent, RewriteSummary, RewriteTo, StageOptions } from "./contract.ts";
import { cellsOf, readCells, type CellSource, type TableCell } from "./cells.ts";
import { writeJournal } from "./database/journal.ts";
import { readCell, swapCell } from "./database/rows.ts";
import { releaseSavepoint, rollbackToSavepoint, setSavepoint } from "./database/savepoint.ts";
import type { AppDatabase } from "./database/dialect.ts";
import { killPoint } from "./kill-point.ts";
import { lookUp, planCell, type CellPlan } from "./rewrite-plan.ts";
import { masked } from "./text/mask.ts";

export interface RewriteOptions extends StageOptions {
  readonly apply: boolean;
  readonly states: LookUpStates;
  readonly to: RewriteTo;
  readonly limit?: number | undefined;
}

/** Rows read at once, and the most cells of one transaction: short enough that no lock is held for long. */
const BATCH = 200;
/** How often a cell is read again when somebody else changes it meanwhile. */
const ATTEMPTS = 5;

type Counts = { -readonly [Key in keyof RewriteSummary]: RewriteSummary[Key] } & {
  kept: Partial<Record<KeptReason, number>>;
};

export async function rewriteReferences(source: CellSource, options: RewriteOptions): Promise<RewriteSummary> {
  const { apply, signal, onEvent, states, limit = Number.POSITIVE_INFINITY } = options;
  const counts: Counts = {
    applied: apply,
    rows: source.catalogue.tables.reduce((sum, table) => sum + (table.estimatedRows ?? 0), 0),
    cellsRewritten: 0,
    referencesRewritten: 0,
    alreadyRewritten: 0,
    kept: {},
    failed: 0,
  };
  if (apply) await source.dialect.prepareJournal();
  for await (const cells of readCells(source, { signal, onEvent, batch: BATCH })) {
    const known = await lookUp(cells, states);
    const planned = cells.map((cell) => ({ cell, plan: planCell(cell, known, source.routes, options.to) }));
    for (const { cell, plan } of planned) reportKept(cell, plan, counts, onEvent);
    const due = planned
      .filter(({ cell, plan }) => plan.after !== cell.text)
      .slice(0, Math.max(0, limit - counts.cellsRewritten));
    if (due.length > 0) await write(source, due, counts, options);
    if (counts.cellsRewritten >= limit) break;
  }
  return counts;
}

interface PlannedCell {
  readonly cell: TableCell;
  readonly plan: CellPlan;
}

/** One transaction for a batch. What a cell's own rules refuse is taken back alone. */
async function write(
  source: CellSource,
  due: readonly PlannedCell[],
  counts: Counts,
  options: RewriteOptions,
): Promise<void> {
  const { dialect } = source;
  const events: ReferenceEvent[] = [];
  const before = { ...counts, kept: { ...counts.kept } };
  const work = async (db: AppDatabase): Promise<void> => {
    for (const one of due) {
      const event = options.apply ? await writeCell(source, db, one, options) : rewritten(one, false);
      tally(event, one, counts);
      events.push(event);
    }
    killPoint("rewrite:before-commit");
  };
  try {
    if (options.apply) {
      await dialect.db.transaction().execute(async (transaction) => {
        await dialect.beginWriting(transaction);
        await work(transaction);
      });
      killPoint("rewrite:after-commit");
    } else {
      await work(dialect.db);
    }
  } catch (error) {
    // Nothing of the batch was done.
    Object.assign(counts, before);
    throw dialect.translate(error);
  }
  // Said only once it is true.
  events.forEach(options.onEvent);
}

async function writeCell(
  source: CellSource,
  db: AppDatabase,
  one: PlannedCell,
  options: RewriteOptions,
): Promise<ReferenceEvent> {
  const { dialect } = source;
  let current = one;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { cell, plan } = current;
    const outcome = await guarded(source, db, current);
    if (outcome.kind === "written") return rewritten(current, true);
    if (outcome.kind === "refused") {
      return { ...cell.cell, type: "cell-failed", code: "does-not-fit", message: outcome.message };
    }
    const text = await readCell(dialect, db, cell.table, cell.key, cell.column);
    if (typeof text !== "string") return { ...cell.cell, type: "cell-left", reason: "missing" };
    const [fresh] = cellsOf({ key: cell.key, cells: [{ column: cell.column, text }] }, cell.table, source);
    const next = fresh && planCell(fresh, await lookUp([fresh], options.states), source.routes, options.to);
    if (fresh === undefined || next === undefined || next.after === fresh.text) {
      return { ...cell.cell, type: "cell-left", reason: "edited-since" };
    }
    if (fresh.text === cell.text && next.after === plan.after) break;
    current = { cell: fresh, plan: next };
  }
  return {
    ...current.cell.cell,
    type: "cell-failed",
    code: "row-changed",
    message: "the row was changed again and again while it was being written",
  };
}

type SwapOutcome =
  | { readonly kind: "written" }
  | { readonly kind: "changed" }
  | { readonly kind: "refused"; readonly message: string };

/** The cell and its journal entry, or neither, whatever else the transaction holds. */
async function guarded({ dialect }: CellSource, db: AppDatabase, { cell, plan }: PlannedCell): Promise<SwapOutcome> {
  const { table, column, key, text } = cell;
  await setSavepoint(db);
  try {
    const written = await swapCell(dialect, db, table, { key, column, from: text, to: plan.after });
    killPoint("rewrite:after-update");
    if (written !== undefined) {
      const rowKey = Object.fromEntries(table.key.map((one, index) => [one.name, written[index] ?? ""]));
      const { references } = plan;
      await writeJournal(db, { table, column: column.name, rowKey, before: text, after: plan.after, references });
      killPoint("rewrite:after-journal");
    }
    await releaseSavepoint(db);
    return written === undefined ? { kind: "changed" } : { kind: "written" };
  } catch (error) {
    if (!dialect.isAboutTheCell(error)) throw error;
    await rollbackToSavepoint(db);
    return {
      kind: "refused",
      message: `the column does not take the new text (${(error as { code?: string }).code ?? "no code"})`,
    };
  }
}

function rewritten({ cell, plan }: PlannedCell, applied: boolean): ReferenceEvent {
  return {
    ...cell.cell,
    type: "cell-rewritten",
    applied,
    references: plan.references.length,
    before: masked(cell.text),
    after: masked(plan.after),
  };
}

function tally(event: ReferenceEvent, { plan }: PlannedCell, counts: Counts): void {
  if (event.type === "cell-rewritten") {
    counts.cellsRewritten += 1;
    counts.referencesRewritten += event.references;
  } else if (event.type === "cell-failed") {
    counts.failed += 1;
    const reason = event.code === "row-changed" ? "row-changed" : "does-not-fit";
    counts.kept[reason] = (counts.kept[reason] ?? 0) + plan.references.length;
  }
}

function reportKept(
  { cell }: TableCell,
  plan: CellPlan,
  counts: Counts,
  onEvent: (event: ReferenceEvent) => void,
): void {
  counts.alreadyRewritten += plan.alreadyRewritten;
  for (const { path, text, reading, reason } of plan.kept) {
    counts.kept[reason] = (counts.kept[reason] ?? 0) + 1;
    onEvent({
      ...cell,
      type: "reference-kept",
      path,
      text: masked(text),
      route: reading.route,
      key: reading.key,
      reason,
    });
  }
}
