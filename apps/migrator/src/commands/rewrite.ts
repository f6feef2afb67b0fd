import type { Config } from "@bucketferry/config";
import { CommandError } from "../command-error.ts";
import { exitCodeOf } from "../decide/exit-code.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment, type Session } from "../session.ts";
import { passGate, runStage } from "../stages/run-stage.ts";
import { statesFrom, withReferences } from "../with-references.ts";
import type { RewriteSummary } from "../references/contract.ts";
import { shownCells } from "./shown-cells.ts";
import { tellFindings } from "./told-findings.ts";

export interface RewriteCommandOptions {
  readonly apply: boolean;
  readonly limit: number | undefined;
  readonly allowPartial: boolean;
  /** Only this one. */
  readonly table?: string | undefined;
  /** Triggers and foreign keys do not run for our writes: somebody said so in so many words. */
  readonly suppressTriggers?: boolean | undefined;
}

/** A dry run is there to be read; of what is done a few tell that it is the right thing. */
export const CELLS_SHOWN_BEFORE = 20;
export const CELLS_SHOWN_WHEN_DONE = 3;

export function rewriteCommand(
  environment: CommandEnvironment,
  options: RewriteCommandOptions,
): Promise<CommandResult> {
  return withSession(environment, async (session) => {
    const result = await rewriteStep(session, options);
    return options.apply ? result : { ...result, lines: [...result.lines, "Nothing was changed; --apply does it."] };
  });
}

export async function rewriteStep(
  { config, routes, ledger, context }: Session,
  options: RewriteCommandOptions,
): Promise<CommandResult> {
  const { reporter, drain } = context;
  if (options.apply) await passGate("rewrite", context, options);
  const signal = AbortSignal.any([drain, context.abort]);
  const shown = shownCells(reporter, options.apply ? CELLS_SHOWN_WHEN_DONE : CELLS_SHOWN_BEFORE);
  const summary = await runStage("rewrite", context, () =>
    withReferences(
      config,
      routes,
      async (references) => {
        await tellFindings(references, reporter, signal);
        return references
          .rewrite({
            apply: options.apply,
            states: statesFrom(ledger),
            signal,
            onEvent: shown.onEvent,
            limit: options.limit,
            table: options.table,
            pace: config.rewrite,
          })
          .then(
            (done) => ({ ...done, complete: true }),
            (error: unknown) => whenInterrupted(error, signal, { ...NOTHING_REWRITTEN, applied: options.apply }),
          );
      },
      { suppressTriggers: options.suppressTriggers ?? false },
    ),
  );
  shown.end();
  return resultOf(summary, options, config);
}

const NOTHING_REWRITTEN: Omit<RewriteSummary, "applied"> = {
  rows: 0,
  cellsRewritten: 0,
  referencesRewritten: 0,
  alreadyRewritten: 0,
  kept: {},
  failed: 0,
};

function resultOf(
  summary: RewriteSummary & { readonly complete: boolean },
  { apply, limit }: Pick<RewriteCommandOptions, "apply" | "limit">,
  { database }: Config,
): CommandResult {
  if (database === undefined) throw new CommandError(EXIT.usage, "NoDatabase", "The configuration names no database.");
  const kept = Object.values(summary.kept).reduce<number>((sum, count) => sum + (count ?? 0), 0);
  // What waits for its object, or could not be written, is left to do; what has no counterpart is only reported.
  const troubles = summary.failed + (summary.kept["not-verified"] ?? 0);
  const isLimited = limit !== undefined && summary.cellsRewritten >= limit;
  return {
    exitCode: exitCodeOf({ complete: summary.complete, troubles: apply ? troubles + Number(isLimited) : 0 }),
    counts: { ...summary, isLimited },
    lines: [
      summary.complete
        ? `${apply ? "Rewrote" : "Would rewrite"} ${counted(summary.referencesRewritten, "reference")} in ${counted(summary.cellsRewritten, "cell")}; ${formatCount(summary.alreadyRewritten)} were in the new form already.`
        : "Interrupted. Run the command again: it goes on where it stopped.",
      ...(kept > 0
        ? [
            `Left as they are: ${counted(kept, "reference")}, ${Object.entries(summary.kept)
              .map(([reason, count]) => `${formatCount(count ?? 0)} ${reason}`)
              .join(", ")}.`,
          ]
        : []),
      ...(summary.failed > 0 ? [`${counted(summary.failed, "cell")} failed.`] : []),
      ...(isLimited
        ? [`Stopped after ${counted(limit, "cell")}, as --limit says; what follows was not looked at.`]
        : []),
    ],
  };
}

/** An interruption is an end like another; whatever else went wrong is not. */
export function whenInterrupted<T extends object>(
  error: unknown,
  signal: AbortSignal,
  soFar: T,
): T & { readonly complete: boolean } {
  if (!signal.aborted) throw error;
  return { ...soFar, complete: false };
}
