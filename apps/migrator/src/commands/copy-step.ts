import type { Config, CopyConfig } from "@bucketferry/config";
import { exitCodeOf } from "../decide/exit-code.ts";
import { counted, formatBytes, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { copy } from "../stages/copy.ts";
import { passGate, runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";

export interface CopyStepOptions {
  readonly concurrency: number | undefined;
  readonly bandwidthLimitBytesPerSecond: number | undefined;
  /** Default: those of the configuration. */
  readonly processes?: number | undefined;
  readonly order?: CopyConfig["order"] | undefined;
  readonly patienceMs: number;
  readonly allowPartial: boolean;
}

export async function copyStep(
  context: StageContext,
  config: Config,
  options: CopyStepOptions,
): Promise<CommandResult> {
  await passGate("copy", context, options);
  const summary = await runStage("copy", context, () =>
    copy(context, {
      concurrency: options.concurrency ?? config.copy.concurrency,
      bandwidthLimitBytesPerSecond: options.bandwidthLimitBytesPerSecond ?? config.copy.bandwidthLimitBytesPerSecond,
      schedule: config.copy.schedule,
      processes: { count: options.processes ?? config.copy.processes, configFile: config.file },
      partSizeBytes: config.copy.partSizeBytes,
      order: options.order ?? config.copy.order,
      metadata: config.copy.metadata,
      contentType: config.copy.contentType,
      serverSide: config.copy.serverSide,
      patienceMs: options.patienceMs,
    }),
  );
  return {
    exitCode: exitCodeOf({ complete: summary.complete, troubles: summary.failed }),
    counts: { ...summary },
    lines: [
      summary.complete
        ? `Copied ${counted(summary.copied, "object")} (${formatBytes(summary.bytes)}), found ${formatCount(summary.adopted)} at the target already.`
        : `Interrupted after ${counted(summary.copied, "object")}. Run the command again: it goes on where it stopped.`,
      ...(summary.failed > 0
        ? [
            `${counted(summary.failed, "object")} failed; \`bucketferry report\` lists them, \`bucketferry plan\` plans them again.`,
          ]
        : []),
      ...(summary.removed > 0
        ? [`Removed ${counted(summary.removed, "copy", "copies")}: deleted at the source before they were verified.`]
        : []),
      ...(summary.vanished > 0 ? [`Gone from the source: ${counted(summary.vanished, "object")}.`] : []),
      ...(summary.notCarried > 0
        ? [
            `The target cannot hold all headers or metadata of ${counted(summary.notCarried, "object")}; the ledger keeps them.`,
          ]
        : []),
      ...(summary.contentTypeDiffers > 0
        ? [
            `The source serves ${counted(summary.contentTypeDiffers, "object")} with another content type than it lists; what it serves went along.`,
          ]
        : []),
      ...(summary.md5Unproved > 0
        ? [
            `ETags that look like MD5s and are not those of the bytes: ${counted(summary.md5Unproved, "source object")}.`,
          ]
        : []),
    ],
  };
}
