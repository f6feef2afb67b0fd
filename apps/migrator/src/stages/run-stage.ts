import { CommandError } from "../command-error.ts";
import { gateOf, type PlanState, type Stage } from "../decide/gate.ts";
import { EXIT } from "../exit-codes.ts";
import { PLAN_FINISHED, PLAN_STARTED, planState } from "./plan-state.ts";
import type { StageContext } from "./stage-context.ts";

/** Says when a stage begins and how it ends, to people and to the ledger. */
export async function runStage<T extends { readonly complete: boolean }>(
  stage: Stage,
  { ledger, reporter }: StageContext,
  work: () => Promise<T>,
): Promise<T> {
  reporter.event({ type: "stage", stage, status: "started" });
  if (stage === "plan") await ledger.events.note({ level: "info", type: PLAN_STARTED });
  const result = await work();
  if (stage === "plan" && result.complete) await ledger.events.note({ level: "info", type: PLAN_FINISHED });
  reporter.event({ type: "stage", stage, status: result.complete ? "finished" : "interrupted" });
  return result;
}

/**
 * Lets a stage begin, or says why not.
 * @throws CommandError with the exit code of a closed gate
 */
export async function passGate(
  stage: Stage,
  { ledger, reporter }: StageContext,
  options: { readonly allowPartial: boolean },
): Promise<void> {
  const counts = (await ledger.objects.count()).filter(({ state }) => state !== "skipped");
  const skipped = await ledger.objects.countByReason(["skipped"]);
  const all = [...counts, ...skipped];
  const plan = await planState(ledger);
  const verdict = gateOf(stage, all, options.allowPartial, plan);
  const unfinished = plan === "unfinished" && !options.allowPartial;
  const reasons = unfinished ? ["the last plan was not finished", ...verdict.reasons] : verdict.reasons;
  const open = verdict.open && !unfinished;
  reporter.event({ type: "gate", stage, open, reasons });
  if (open) return;
  throw new CommandError(EXIT.gate, "GateClosed", `The gate before ${stage} is closed: ${reasons.join(", ")}.`, {
    hint: unfinished ? HINTS.plan : all.length === 0 ? NOTHING_PLANNED[plan] : HINTS[stage],
  });
}

const HINTS: Readonly<Record<Stage, string>> = {
  plan: "Run `bucketferry plan` again: it goes on by itself.",
  copy: "Run `bucketferry plan` first.",
  verify:
    "Run `bucketferry plan` and `bucketferry copy` again; `bucketferry report` lists what failed; what the target cannot take is left out by --exclude. --allow-partial verifies what was copied.",
  rewrite:
    "Run `bucketferry plan`, `copy` and `verify` until nothing is left; `bucketferry report` lists what failed. --allow-partial rewrites the references whose objects are verified.",
  prove: "Run `bucketferry plan`, `copy` and `verify` until nothing is left. --allow-partial proves what is verified.",
};

const NOTHING_PLANNED: Readonly<Record<PlanState, string>> = {
  none: "Run `bucketferry plan` first.",
  unfinished: HINTS.plan,
  finished: "Check bucket and prefix of the source in the configuration, then run `bucketferry plan` again.",
};
