import { exitCodeOf } from "../decide/exit-code.ts";
import type { PlaceholderPolicy } from "../decide/obstacle.ts";
import { formatBytes, formatCount } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { plan, type PlanSummary } from "../stages/plan.ts";
import { runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";

export interface PlanCommandOptions {
  readonly placeholders: PlaceholderPolicy;
  readonly overwriteTarget: boolean;
}

export function planCommand(environment: CommandEnvironment, options: PlanCommandOptions): Promise<CommandResult> {
  return withSession(environment, ({ context }) => planStep(context, options));
}

export async function planStep(context: StageContext, options: PlanCommandOptions): Promise<CommandResult> {
  const summary = await runStage("plan", context, () =>
    plan(context, { placeholders: options.placeholders, overwrite: options.overwriteTarget }),
  );
  showActions(context.reporter, summary);
  const { actions: _, complete, ...counts } = summary;
  return {
    exitCode: exitCodeOf({ complete, troubles: summary.refused }),
    counts: { ...counts, complete },
    lines: [
      complete
        ? `Planned: ${formatCount(summary.toCopy.objects)} objects (${formatBytes(summary.toCopy.bytes)}) to copy, ${formatCount(summary.kept)} as they should be.`
        : "Interrupted: the plan is not complete. Run `bucketferry plan` again.",
      ...(summary.refused > 0
        ? [`${formatCount(summary.refused)} objects cannot go to the target; \`bucketferry report\` lists them.`]
        : []),
      ...(summary.targetOnly > 0
        ? [`${formatCount(summary.targetOnly)} objects are at the target only; they stay.`]
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
