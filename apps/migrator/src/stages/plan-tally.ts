import { requestsOf, type RequestRules } from "../decide/forecast.ts";
import type { PlanDecision } from "../decide/plan-object.ts";

/** Objects and bytes of one action with one reason. */
export interface PlannedAction {
  readonly route: string;
  readonly action: PlanDecision["action"];
  readonly reason: string | undefined;
  readonly objects: number;
  readonly bytes: number;
}

export interface PlanTotals {
  readonly actions: readonly PlannedAction[];
  readonly toCopy: { readonly objects: number; readonly bytes: number };
  readonly kept: number;
  readonly refused: number;
  readonly skipped: number;
  readonly vanished: number;
  readonly targetOnly: number;
  /** Requests that copying takes when nothing fails. */
  readonly requests: number;
}

export interface PlanTally {
  count(route: string, decision: PlanDecision, bytes: number): void;
  /** An object that was counted as to be copied is refused after all. */
  move(
    object: { readonly route: string; readonly reason: string | null; readonly size: number },
    to: PlanDecision,
  ): void;
  totals(): PlanTotals;
}

export function planTally(rules: RequestRules): PlanTally {
  const actions = new Map<string, { -readonly [Name in keyof PlannedAction]: PlannedAction[Name] }>();
  let requests = 0;
  const add = (
    route: string,
    action: PlanDecision["action"],
    reason: string | undefined,
    objects: number,
    bytes: number,
  ): void => {
    const name = `${route} ${action} ${reason}`;
    let entry = actions.get(name);
    if (entry === undefined) {
      entry = { route, action, reason, objects: 0, bytes: 0 };
      actions.set(name, entry);
    }
    entry.objects += objects;
    entry.bytes += bytes;
    if (action === "copy") requests += objects * requestsOf(Math.abs(bytes), rules);
  };
  const sum = (action: PlanDecision["action"]): { objects: number; bytes: number } => {
    const total = { objects: 0, bytes: 0 };
    for (const entry of actions.values()) {
      if (entry.action !== action) continue;
      total.objects += entry.objects;
      total.bytes += entry.bytes;
    }
    return total;
  };
  return {
    count(route, decision, bytes) {
      if (decision.action === "none") return;
      add(route, decision.action, "reason" in decision ? decision.reason : undefined, 1, bytes);
    },
    move(object, decision) {
      add(object.route, "copy", object.reason ?? undefined, -1, -object.size);
      add(object.route, decision.action, "reason" in decision ? decision.reason : undefined, 1, object.size);
    },
    totals: () => ({
      actions: [...actions.values()].filter((entry) => entry.objects > 0),
      toCopy: sum("copy"),
      kept: sum("keep").objects,
      refused: sum("refuse").objects,
      skipped: sum("skip").objects,
      vanished: sum("vanish").objects,
      targetOnly: sum("targetOnly").objects,
      requests,
    }),
  };
}
