import type { Config } from "@bucketferry/config";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { counted } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import type { StageContext } from "../stages/stage-context.ts";
import { unverifiedCopies } from "../stages/remove-vanished.ts";
import { copyStep, type CopyStepOptions } from "./copy-step.ts";
import { planStep } from "./plan.ts";

/** A source that changes faster than it is copied would go on forever. */
const MOST_ROUNDS = 20;

/** A plan as it is without flags: what is at the target and not ours stays, and empty folder objects are left out. */
const PLAN = { placeholders: "skip", overwriteTarget: false } as const;

/**
 * Plans and copies in one process. `once`: one plan, one copy. `until-quiet`: again and again, until a plan finds nothing to copy;
 * each round costs the listings and what has changed since the one before.
 */
export async function copyRounds(
  context: StageContext,
  config: Config,
  rounds: "once" | "until-quiet",
  options: CopyStepOptions,
): Promise<CommandResult> {
  const most = rounds === "once" ? 1 : MOST_ROUNDS;
  const total: Record<string, unknown> = {};
  let lines: readonly string[] = [];
  const resultOf = (exitCode: ExitCode, round: number, ...more: string[]): CommandResult => ({
    exitCode,
    counts: { ...total, rounds: round },
    lines: [...lines, ...more],
  });

  for (let round = 1; ; round++) {
    const planned = await planStep(context, config, PLAN);
    if (planned.exitCode === EXIT.interrupted) return { ...planned, counts: { ...total, ...planned.counts } };
    const isQuiet = (await plannedObjects(context)) === 0 && (await unverifiedCopies(context.ledger)) === 0;
    if (isQuiet && rounds === "until-quiet") {
      return resultOf(
        planned.exitCode,
        round,
        `Quiet after ${counted(round, "round")}: the last plan found nothing to copy.`,
      );
    }
    if (round > most)
      return resultOf(EXIT.partial, most, `Not quiet after ${counted(most, "round")}: the source goes on changing.`);

    const copied = await copyStep(context, config, options);
    addUp(total, copied.counts);
    lines = copied.lines;
    if (rounds === "once") return resultOf(worseOf(planned.exitCode, copied.exitCode), round);
    // What failed three times in this round would only fail again.
    if (copied.exitCode !== EXIT.done) return resultOf(copied.exitCode, round);
  }
}

async function plannedObjects({ ledger }: StageContext): Promise<number> {
  const counts = await ledger.objects.count();
  return counts.filter(({ state }) => state === "planned").reduce((sum, { objects }) => sum + objects, 0);
}

function worseOf(planned: ExitCode, copied: ExitCode): ExitCode {
  return copied === EXIT.done ? planned : copied;
}

/** Numbers are added to what earlier rounds counted; anything else is the last round's. */
function addUp(total: Record<string, unknown>, counts: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(counts)) {
    const before = total[name];
    total[name] = typeof value === "number" && typeof before === "number" ? before + value : value;
  }
}
