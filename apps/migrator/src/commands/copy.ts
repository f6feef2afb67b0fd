import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { copyStep, type CopyStepOptions } from "./copy-step.ts";

export interface CopyCommandOptions extends CopyStepOptions {
  /** Plan first, in the same process: once, or again and again until there is nothing left to copy. */
  readonly plan?: "once" | "until-quiet" | undefined;
}

export function copyCommand(environment: CommandEnvironment, options: CopyCommandOptions): Promise<CommandResult> {
  const { plan } = options;
  return withSession(environment, async ({ context, config }) => {
    if (plan === undefined) return copyStep(context, config, options);
    const { copyRounds } = await import("./copy-rounds.ts");
    return copyRounds(context, config, plan, options);
  });
}
