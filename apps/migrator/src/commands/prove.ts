import { dirname, resolve } from "node:path";
import type { Config } from "@bucketferry/config";
import { exitCodeOf } from "../decide/exit-code.ts";
import { counted, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { ledgerPath, withSession, type CommandEnvironment } from "../session.ts";
import { prove } from "../stages/prove.ts";
import { passGate, runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";
import { pathOfUser } from "./path-of-user.ts";

export interface ProveCommandOptions {
  readonly out: string | undefined;
  readonly deep: boolean;
  readonly fetch: boolean;
  readonly acceptUnreachable: boolean;
  readonly allowPartial: boolean;
}

export function proveCommand(environment: CommandEnvironment, options: ProveCommandOptions): Promise<CommandResult> {
  return withSession(environment, ({ context, config }) => proveStep(context, config, options));
}

export async function proveStep(
  context: StageContext,
  config: Config,
  options: ProveCommandOptions,
): Promise<CommandResult> {
  await passGate("prove", context, options);
  const file =
    options.out === undefined
      ? resolve(dirname(ledgerPath(config)), `evidence-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.jsonl`)
      : pathOfUser(options.out);
  const summary = await runStage("prove", context, () =>
    prove(context, { ...options, config, file, concurrency: config.copy.concurrency }),
  );
  return {
    exitCode: exitCodeOf({ complete: summary.complete, troubles: summary.problems }),
    counts: { ...summary },
    lines: [
      summary.complete
        ? `Proved ${counted(summary.objects.proved ?? 0, "object")} and ${counted(summary.references.proved ?? 0, "reference")}; ${counted(summary.problems, "problem")}.`
        : "Interrupted: no evidence was written.",
      ...((summary.references.unreachable ?? 0) > 0
        ? [
            `${formatCount(summary.references.unreachable ?? 0)} URLs do not answer a stranger from here: make the bucket or its CDN public, or correct publicBaseUrl.`,
          ]
        : []),
    ],
  };
}
