import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { copyStep, type CopyStepOptions } from "./copy-step.ts";
import { rateOf } from "./size-flag.ts";

export interface CopyCommandOptions extends Omit<CopyStepOptions, "bandwidthLimitBytesPerSecond"> {
  /** Most bytes a second, as it was typed. */
  readonly bandwidth?: string | undefined;
  /** Plan first, in the same process: once, or again and again until there is nothing left to copy. */
  readonly plan?: "once" | "until-quiet" | undefined;
}

export async function copyCommand(
  environment: CommandEnvironment,
  { plan, bandwidth, ...rest }: CopyCommandOptions,
): Promise<CommandResult> {
  const options = { ...rest, bandwidthLimitBytesPerSecond: rateOf("--bandwidth", bandwidth) };
  return withSession(environment, async ({ context, config }) => {
    if (plan === undefined) return copyStep(context, config, options);
    const { copyRounds } = await import("./copy-rounds.ts");
    return copyRounds(context, config, plan, options);
  });
}
