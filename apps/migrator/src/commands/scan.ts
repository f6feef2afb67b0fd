import { EXIT } from "../exit-codes.ts";
import type { References, ScanSummary } from "../references/contract.ts";
import { counted, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withLedgerToRead, withSides, type CommandEnvironment } from "../session.ts";
import { reconcile, type Reconciliation } from "../stages/reconcile.ts";
import { withReferences } from "../with-references.ts";
import { pathOfUser } from "./path-of-user.ts";
import { tableProgress } from "./shown-cells.ts";
import { tellFindings } from "./told-findings.ts";

export interface ScanCommandOptions {
  /** Only this one. */
  readonly table: string | undefined;
  /** Compares references, ledger and both sides, and writes what does not agree into this file. */
  readonly orphans: string | undefined;
}

/** Finds every reference in the database; changes nothing. Only `--orphans` needs a ledger. */
export function scanCommand(environment: CommandEnvironment, options: ScanCommandOptions): Promise<CommandResult> {
  const { orphans } = options;
  if (orphans === undefined) {
    return withSides(environment, ({ config, routes }) =>
      withReferences(config, routes, async (references) => resultOf(await scan(references, environment, options))),
    );
  }
  return withLedgerToRead(environment, (ledger, { config, routes }) =>
    withReferences(config, routes, async (references) => {
      const { drain: signal } = environment.interrupt;
      let summary: ScanSummary | undefined;
      const file = pathOfUser(orphans);
      const reconciliation = await reconcile({
        routes,
        ledger,
        signal,
        file,
        collect: async (onReference) => {
          summary = await scan(references, environment, options, onReference);
        },
      });
      return resultOf(summary ?? NOTHING, { ...reconciliation, file });
    }),
  );
}

const NOTHING: ScanSummary = { tables: 0, rows: 0, cells: 0, references: 0, columns: [] };

async function scan(
  references: References,
  { reporter, interrupt }: CommandEnvironment,
  { table }: ScanCommandOptions,
  onReference?: Parameters<References["scan"]>[0]["onReference"],
): Promise<ScanSummary> {
  const { drain: signal } = interrupt;
  await tellFindings(references, reporter, signal);
  const progress = tableProgress(reporter);
  const summary = await references.scan({
    signal,
    table,
    ...(onReference === undefined ? {} : { onReference }),
    onEvent(event) {
      if (event.type === "reference-progress") progress.tell(event);
      reporter.event(event);
    },
  });
  progress.end();
  reporter.table(
    [
      { title: "column" },
      { title: "forms" },
      { title: "hosts" },
      { title: "cells", align: "right" },
      { title: "references", align: "right" },
      { title: "unsure", align: "right" },
      { title: "rewritten", align: "right" },
      { title: "of others", align: "right" },
    ],
    summary.columns.map((column) => [
      `${column.table}.${column.column}`,
      listed(column.byKind),
      listed(column.byHost),
      formatCount(column.cells),
      formatCount(column.references),
      formatCount(column.unsure),
      formatCount(column.alreadyRewritten),
      formatCount(column.foreign),
    ]),
  );
  return summary;
}

function listed(counts: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name === "" ? "(none)" : name} ${formatCount(count ?? 0)}`)
    .join(", ");
}

function resultOf(
  { columns, ...counts }: ScanSummary,
  reconciliation?: Reconciliation & { readonly file: string },
): CommandResult {
  return {
    exitCode: EXIT.done,
    counts: { ...counts, columns: columns.length, ...(reconciliation === undefined ? {} : { reconciliation }) },
    lines: [
      `${counted(counts.references, "reference")} in ${counted(columns.length, "column")} of ${counted(counts.tables, "table")}.`,
      ...(reconciliation === undefined
        ? []
        : [
            `Referenced, on record, at the source and at the target: ${counted(reconciliation.agreed, "object")}.`,
            ...Object.entries(reconciliation.findings).map(([finding, count]) => `${formatCount(count)} ${finding}`),
            `All but the first are listed in ${reconciliation.file}.`,
          ]),
    ],
  };
}
