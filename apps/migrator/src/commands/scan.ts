import { EXIT } from "../exit-codes.ts";
import { formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSides, type CommandEnvironment } from "../session.ts";
import { withReferences } from "../with-references.ts";

/** Finds every reference in the database; changes nothing, and needs no ledger. */
export function scanCommand(environment: CommandEnvironment): Promise<CommandResult> {
  const { reporter, interrupt } = environment;
  return withSides(environment, ({ config, routes }) =>
    withReferences(config, routes, async (references) => {
      const summary = await references.scan({ signal: interrupt.drain, onEvent: (event) => reporter.event(event) });
      reporter.table(
        [
          { title: "column" },
          { title: "forms" },
          { title: "cells", align: "right" },
          { title: "references", align: "right" },
          { title: "rewritten", align: "right" },
        ],
        summary.columns.map((column) => [
          `${column.table}.${column.column}`,
          Object.entries(column.byKind)
            .map(([kind, count]) => `${kind} ${formatCount(count ?? 0)}`)
            .join(", "),
          formatCount(column.cells),
          formatCount(column.references),
          formatCount(column.alreadyRewritten),
        ]),
      );
      const { columns, ...counts } = summary;
      return {
        exitCode: EXIT.done,
        counts: { ...counts, columns: columns.length },
        lines: [
          `${formatCount(summary.references)} references in ${formatCount(columns.length)} columns of ${formatCount(summary.tables)} tables.`,
        ],
      };
    }),
  );
}
