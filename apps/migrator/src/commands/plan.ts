import type { Config, Selection } from "@bucketferry/config";
import { exitCodeOf } from "../decide/exit-code.ts";
import type { PlaceholderPolicy } from "../decide/obstacle.ts";
import { readManifest, type Manifest } from "../listing/manifest.ts";
import type { ManifestFormat } from "../listing/manifest-formats.ts";
import { counted, formatBytes, formatCount, formatSeconds } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { plan, type PlanOptions, type PlanSummary } from "../stages/plan.ts";
import { runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";
import { selectionFrom, type SelectionFlags } from "./selection-flags.ts";
import { rateOf } from "./size-flag.ts";

export interface PlanCommandOptions {
  readonly placeholders: PlaceholderPolicy;
  readonly overwriteTarget: boolean;
  /** Takes the place of what the configuration says, field by field, for every route. */
  readonly selection?: SelectionFlags | undefined;
  readonly archived?: "skip" | "copy" | undefined;
  /** A file of keys, `-` for stdin. */
  readonly manifest?: string | undefined;
  readonly manifestFormat?: ManifestFormat | undefined;
  /** For the forecast, instead of the bandwidth limit; as it was typed. */
  readonly rate?: string | undefined;
}

export interface PlanStepOptions extends Omit<PlanCommandOptions, "selection" | "rate"> {
  readonly bytesPerSecond?: number | undefined;
  readonly selection?: Partial<Selection> | undefined;
}

export async function planCommand(
  environment: CommandEnvironment,
  options: PlanCommandOptions,
): Promise<CommandResult> {
  // Before anything is opened: a flag that cannot be understood is no reason to take the ledger.
  const selection = selectionFrom(options.selection ?? {});
  const bytesPerSecond = rateOf("--rate", options.rate);
  return withSession(environment, ({ context, config }) =>
    planStep(context, config, { ...options, selection, bytesPerSecond }),
  );
}

export async function planStep(
  context: StageContext,
  config: Config,
  options: PlanStepOptions,
): Promise<CommandResult> {
  const { manifest: file, manifestFormat: format } = options;
  const manifest =
    file === undefined
      ? undefined
      : await readManifest(file, {
          routes: context.routes.map((route) => route.name),
          format,
          signal: AbortSignal.any([context.drain, context.abort]),
        });
  try {
    const planOptions = planOptionsOf(config, options, manifest);
    return resultOf(context.reporter, await runStage("plan", context, () => plan(context, planOptions)));
  } finally {
    manifest?.close();
  }
}

/** What the configuration says, where the command line says nothing. */
function planOptionsOf(config: Config, options: PlanStepOptions, manifest: Manifest | undefined): PlanOptions {
  return {
    placeholders: options.placeholders,
    overwrite: options.overwriteTarget,
    selections: new Map(config.routes.map((route) => [route.name, { ...route.selection, ...options.selection }])),
    archived: options.archived ?? config.copy.archived,
    metadata: config.copy.metadata,
    manifest,
    partSizeBytes: config.copy.partSizeBytes,
    bytesPerSecond: options.bytesPerSecond ?? config.copy.bandwidthLimitBytesPerSecond,
  };
}

function resultOf(reporter: Reporter, summary: PlanSummary): CommandResult {
  showActions(reporter, summary);
  const { actions, complete, forecast, ...counts } = summary;
  const archived = actions.filter(({ reason }) => reason === "archived").reduce((sum, { objects }) => sum + objects, 0);
  const { requests, seconds } = forecast;
  return {
    exitCode: exitCodeOf({ complete, troubles: summary.refused + summary.onlyInManifest }),
    counts: { ...counts, archived, forecast, complete },
    lines: [
      complete
        ? `Planned: ${counted(summary.toCopy.objects, "object")} (${formatBytes(summary.toCopy.bytes)}) to copy, ${formatCount(summary.kept)} as they should be.`
        : "Interrupted: the plan is not complete. Run `bucketferry plan` again.",
      ...(summary.toCopy.objects > 0
        ? [
            `Copying takes ${counted(requests, "request")} when nothing fails${seconds === null ? "" : `, and at least ${formatSeconds(seconds)} at this rate`}.`,
          ]
        : []),
      ...(summary.refused > 0
        ? [`${counted(summary.refused, "object")} cannot go to the target; \`bucketferry report\` lists them.`]
        : []),
      ...(archived > 0
        ? [
            `Archived at the source: ${counted(archived, "object")}. Restore them and plan with --archived copy, or leave them out by --exclude.`,
          ]
        : []),
      ...(summary.onlyInManifest > 0
        ? [`Not at the source: ${counted(summary.onlyInManifest, "key")} of the manifest.`]
        : []),
      ...(summary.targetOnly > 0
        ? [`At the target only, where they stay: ${counted(summary.targetOnly, "object")}.`]
        : []),
    ],
  };
}

function showActions(reporter: Reporter, { actions }: PlanSummary): void {
  for (const { route, action, reason, objects, bytes } of actions) {
    reporter.event({ type: "plan-action", route, action, reason, objects, bytes });
  }
  if (actions.length === 0) return;
  reporter.table(
    [
      { title: "route" },
      { title: "action" },
      { title: "reason" },
      { title: "objects", align: "right" },
      { title: "size", align: "right" },
    ],
    actions.map(({ route, action, reason, objects, bytes }) => [
      route,
      action,
      reason ?? "",
      formatCount(objects),
      formatBytes(bytes),
    ]),
  );
}
