import { CommandError } from "../command-error.ts";
import { exitCodeOf } from "../decide/exit-code.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { withReferences } from "../with-references.ts";
import { mayGoOn } from "./may-go-on.ts";
import { CELLS_SHOWN_BEFORE, CELLS_SHOWN_WHEN_DONE, whenInterrupted } from "./rewrite.ts";
import { shownCells } from "./shown-cells.ts";

export interface RollbackCommandOptions {
  readonly apply: boolean;
  readonly yes: boolean;
  readonly table?: string | undefined;
  readonly suppressTriggers?: boolean | undefined;
}

/** Restores cells from the journal. Objects stay at both sides: nothing has to be copied back. */
export function rollbackCommand(
  environment: CommandEnvironment,
  options: RollbackCommandOptions,
): Promise<CommandResult> {
  return withSession(environment, async ({ config, routes, context }) => {
    const { reporter } = context;
    const signal = AbortSignal.any([context.drain, context.abort]);
    if (options.apply && !(await mayGoOn("Restore the old references in the database?", environment, options.yes))) {
      throw new CommandError(EXIT.gate, "NotConfirmed", "Nothing was restored.", {
        hint: "Answer the question at a terminal, or use --yes.",
      });
    }
    const shown = shownCells(reporter, options.apply ? CELLS_SHOWN_WHEN_DONE : CELLS_SHOWN_BEFORE);
    const summary = await withReferences(
      config,
      routes,
      (references) =>
        references.rollback({ apply: options.apply, table: options.table, signal, onEvent: shown.onEvent }).then(
          (done) => ({ ...done, complete: true }),
          (error: unknown) =>
            whenInterrupted(error, signal, {
              applied: options.apply,
              restored: 0,
              alreadyRestored: 0,
              editedSince: 0,
              missing: 0,
              failed: 0,
            }),
        ),
      { suppressTriggers: options.suppressTriggers ?? false },
    );
    shown.end();
    return {
      exitCode: exitCodeOf({ complete: summary.complete, troubles: summary.failed + summary.editedSince }),
      counts: { ...summary },
      lines: [
        `${options.apply ? "Restored" : "Would restore"} ${counted(summary.restored, "cell")}; ${formatCount(summary.alreadyRestored)} had their old value already.`,
        ...(summary.editedSince > 0
          ? [`Left alone, since edited meanwhile: ${counted(summary.editedSince, "cell")}, listed above.`]
          : []),
        ...(summary.missing > 0 ? [`Their rows are gone: ${counted(summary.missing, "cell")}.`] : []),
        ...(options.apply ? [] : ["Nothing was changed; --apply does it."]),
      ],
    };
  });
}
