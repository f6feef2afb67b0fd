import type { Ledger } from "@bucketferry/ledger";
import type { PlanState } from "../decide/gate.ts";

/** Notes of the plan stage in the ledger: copying what was planned in part would call the rest done. */
export const PLAN_STARTED = "plan-started";
export const PLAN_FINISHED = "plan-finished";

export async function planState(ledger: Ledger): Promise<PlanState> {
  const [last] = await ledger.events.last({ limit: 1, types: [PLAN_STARTED, PLAN_FINISHED] });
  if (last === undefined) return "none";
  return last.type === PLAN_FINISHED ? "finished" : "unfinished";
}

/** For people; there may be objects at the source that nobody has counted. */
export const UNFINISHED_PLAN = "The last plan was not finished, so there may be more: run `bucketferry plan` again.";
