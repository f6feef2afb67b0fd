import type { ObjectState, StateCount } from "@bucketferry/ledger";

/** The stages in their one order. */
export const STAGES = ["plan", "copy", "verify", "rewrite", "prove"] as const;
export type Stage = (typeof STAGES)[number];

export interface GateVerdict {
  readonly open: boolean;
  /** Why it is closed: one clause each. */
  readonly reasons: readonly string[];
}

/** What must not be there any more before a stage begins. */
const BLOCKING: Readonly<Record<Stage, readonly ObjectState[]>> = {
  plan: [],
  copy: [],
  verify: ["planned", "failed"],
  rewrite: ["planned", "copied", "failed"],
  prove: ["planned", "copied", "failed"],
};

/** Stages that want every object of the source verified, or left out by somebody's decision. */
const COMPLETE: ReadonlySet<Stage> = new Set(["rewrite", "prove"]);

const CLAUSES: Partial<Readonly<Record<ObjectState, string>>> = {
  planned: "not copied yet",
  copied: "copied and not verified",
  failed: "failed",
};

/** Skips that are nobody's wish: the objects are not explained as long as nobody decided about them (S28). */
const BLOCKING_SKIPS: Readonly<Record<string, string>> = { archived: "archived at the source" };

/** Objects of one state, or of one reason within a state. */
export type GateCount = Pick<StateCount, "state" | "objects"> & { readonly reason?: string | null };

/** How the last plan ended; `none` where there was no plan yet. */
export type PlanState = "none" | "unfinished" | "finished";

/**
 * Whether a stage may begin, by what the ledger counts. Rewriting and proving want everything verified or explained;
 * `--allow-partial` opens the gate, and then only what is verified is rewritten.
 */
export function gateOf(
  stage: Stage,
  counts: readonly GateCount[],
  allowPartial: boolean,
  plan: PlanState = "none",
): GateVerdict {
  const total = counts.reduce((sum, count) => sum + count.objects, 0);
  if (stage !== "plan" && total === 0) {
    // A source without any object is more often a wrong name than an app without files.
    return { open: false, reasons: [plan === "finished" ? "the plan found no objects" : "nothing is planned yet"] };
  }
  const reasons: string[] = [];
  const block = (clause: string, blocks: (count: GateCount) => boolean): void => {
    const objects = counts.filter(blocks).reduce((sum, count) => sum + count.objects, 0);
    if (objects > 0) reasons.push(`${objects} ${objects === 1 ? "object" : "objects"} ${clause}`);
  };
  for (const state of BLOCKING[stage]) block(CLAUSES[state] ?? state, (count) => count.state === state);
  if (COMPLETE.has(stage)) {
    for (const [reason, clause] of Object.entries(BLOCKING_SKIPS)) {
      block(clause, (count) => count.state === "skipped" && count.reason === reason);
    }
  }
  return { open: allowPartial || reasons.length === 0, reasons };
}
