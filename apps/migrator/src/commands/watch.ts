import { EXIT } from "../exit-codes.ts";
import { counted, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSides, type CommandEnvironment } from "../session.ts";
import { withReferences } from "../with-references.ts";

export interface WatchCommandOptions {
  readonly intervalMs: number;
  /** One look at what is there now, and the end. */
  readonly once: boolean;
  readonly table: string | undefined;
}

/** Statements shown: one for each column, and no app has URLs in more. */
const GUARDS_SHOWN = 10;

/** Tells of rows that still arrive with old URLs, until it is interrupted; changes nothing, and needs no ledger. */
export function watchCommand(environment: CommandEnvironment, options: WatchCommandOptions): Promise<CommandResult> {
  const { reporter, interrupt } = environment;
  const { drain: signal } = interrupt;
  return withSides(environment, ({ config, routes }) =>
    withReferences(config, routes, async (references) => {
      const counts = { looks: 0, before: 0, arrived: 0 };
      const guards = new Set<string>();
      try {
        const looks = references.watch({
          signal,
          table: options.table,
          intervalMs: options.once ? undefined : options.intervalMs,
          onFound: (found) => reporter.event({ type: "old-reference", ...found }),
          onEvent: (event) => {
            if (event.type !== "reference-progress") reporter.event(event);
          },
        });
        for await (const look of looks) {
          counts.looks += 1;
          if (look.isFirst && !options.once) counts.before += look.references;
          else counts.arrived += look.references;
          for (const guard of look.guards) guards.add(guard);
          const { isFirst, cells, references: found } = look;
          reporter.event({ type: "look", first: isFirst, cells, references: found });
        }
      } catch (error) {
        // Being interrupted is the usual end of a watch.
        if (!signal.aborted) throw error;
      }
      return {
        exitCode: counts.arrived > 0 ? EXIT.partial : EXIT.done,
        counts: { ...counts, guards: [...guards] },
        lines: [
          options.once
            ? `In the old form: ${counted(counts.arrived, "reference")}.`
            : `${counted(counts.arrived, "reference")} arrived in the old form; ${formatCount(counts.before)} were there before.`,
          ...(guards.size > 0 && counts.arrived > 0
            ? [
                "What writes them is to be mended. A constraint would refuse them, which makes the app's write fail:",
                ...[...guards].slice(0, GUARDS_SHOWN).map((guard) => `  ${guard}`),
              ]
            : []),
        ],
      };
    }),
  );
}
