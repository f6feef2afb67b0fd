import type { Config } from "@bucketferry/config";
import { exitCodeOf } from "../decide/exit-code.ts";
import type { VerifyDepth } from "../decide/verify-object.ts";
import { formatBytes, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { passGate, runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";
import { verify } from "../stages/verify.ts";

export interface VerifyCommandOptions {
  readonly depth: VerifyDepth;
  readonly allowPartial: boolean;
}

export function verifyCommand(environment: CommandEnvironment, options: VerifyCommandOptions): Promise<CommandResult> {
  return withSession(environment, ({ context, config }) => verifyStep(context, config, options));
}

export async function verifyStep(
  context: StageContext,
  config: Config,
  options: VerifyCommandOptions,
): Promise<CommandResult> {
  await passGate("verify", context, options);
  const summary = await runStage("verify", context, () =>
    verify(context, { depth: options.depth, concurrency: config.copy.concurrency }),
  );
  const again = Object.values(summary.planAgain).reduce<number>((sum, objects) => sum + (objects ?? 0), 0);
  return {
    exitCode: exitCodeOf({ complete: summary.complete, troubles: again + summary.unchecked + summary.unproved }),
    counts: { ...summary },
    lines: [
      summary.complete
        ? `Verified ${formatCount(summary.verified)} objects (${evidenceText(summary.byEvidence)}), ${formatBytes(summary.bytesRead)} read back.`
        : `Interrupted after ${formatCount(summary.verified)} objects. Run the command again.`,
      ...(again > 0
        ? [
            `${formatCount(again)} objects have to be copied again (${countsText(summary.planAgain)}): run \`bucketferry copy\`.`,
          ]
        : []),
      ...(summary.unproved > 0
        ? [
            `${formatCount(summary.unproved)} objects look right, and nothing proves their bytes: run \`bucketferry verify\` without --quick.`,
          ]
        : []),
      ...(summary.unchecked > 0 ? [`${formatCount(summary.unchecked)} objects could not be checked this time.`] : []),
    ],
  };
}

function evidenceText(counts: Partial<Record<string, number>>): string {
  return countsText(counts) || "nothing to do";
}

function countsText(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${formatCount(count ?? 0)} ${name}`)
    .join(", ");
}
