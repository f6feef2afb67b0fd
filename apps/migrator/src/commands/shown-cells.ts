import { formatCount } from "../report/format.ts";
import type { Progress, Reporter } from "../report/reporter.ts";
import type { ReferenceEvent } from "../references/contract.ts";

/** Events that show one cell or reference each, of which there can be millions. */
const ONE_BY_ONE: ReadonlySet<ReferenceEvent["type"]> = new Set(["cell-rewritten", "cell-restored", "reference-kept"]);
/** Of one column that many are enough, so that the others have their turn. */
const OF_ONE_COLUMN = 5;
/** A smaller table is done before anybody has read its name. */
const ROWS_WITH_PROGRESS = 100_000;

/** People see a few cells of each column, how far it is, and how many there were; programs get all of them. */
export interface ShownCells {
  readonly onEvent: (event: ReferenceEvent) => void;
  end(): void;
}

interface ColumnTally {
  cells: number;
  references: number;
  kept: number;
}

export function shownCells(reporter: Reporter, most: number): ShownCells {
  let seen = 0;
  let shown = 0;
  const columns = new Map<string, ColumnTally>();
  const ofKind = new Map<string, number>();
  const progress = tableProgress(reporter);
  return {
    onEvent(event) {
      if (event.type === "reference-progress") progress.tell(event);
      if (reporter.kind !== "json" && ONE_BY_ONE.has(event.type) && "column" in event) {
        tally(event, columns);
        seen += 1;
        const kind = `${event.type}\n${event.table}\n${event.column}`;
        const before = ofKind.get(kind) ?? 0;
        ofKind.set(kind, before + 1);
        if (shown >= most || before >= OF_ONE_COLUMN) return;
        shown += 1;
      }
      reporter.event(event);
    },
    end() {
      progress.end();
      if (seen > shown) reporter.line(`… and ${formatCount(seen - shown)} more; --json lists all of them.`);
      if (columns.size === 0) return;
      reporter.table(
        [
          { title: "column" },
          { title: "cells", align: "right" },
          { title: "references", align: "right" },
          { title: "stay", align: "right" },
        ],
        [...columns].map(([column, { cells, references, kept }]) => [
          column,
          formatCount(cells),
          formatCount(references),
          formatCount(kept),
        ]),
      );
    },
  };
}

function tally(event: ReferenceEvent, columns: Map<string, ColumnTally>): void {
  if (event.type !== "cell-rewritten" && event.type !== "cell-restored" && event.type !== "reference-kept") return;
  const name = `${event.table}.${event.column}`;
  const counts = columns.get(name) ?? { cells: 0, references: 0, kept: 0 };
  columns.set(name, counts);
  if (event.type === "reference-kept") {
    counts.kept += 1;
  } else {
    counts.cells += 1;
    counts.references += event.references;
  }
}

interface TableProgress {
  tell(event: ReferenceEvent & { readonly type: "reference-progress" }): void;
  end(): void;
}

/** A bar for each large table, while it is read. */
export function tableProgress(reporter: Reporter): TableProgress {
  let bar: Progress | undefined;
  let told = 0;
  const end = (): void => {
    bar?.end();
    bar = undefined;
    told = 0;
  };
  return {
    tell({ table, rows, totalRows, done }) {
      if (reporter.kind === "json" || totalRows === undefined || totalRows < ROWS_WITH_PROGRESS) return;
      if (!done) bar ??= reporter.progress({ stage: table, totalObjects: totalRows, totalBytes: undefined });
      bar?.add(Math.max(0, rows - told), 0);
      told = Math.max(told, rows);
      if (done) end();
    },
    end,
  };
}
