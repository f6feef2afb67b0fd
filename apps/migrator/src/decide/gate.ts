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

const CLAUSES: Partial<Readonly<Record<ObjectState, string>>> = {
  planned: "not copied yet",
  copied: "copied and not verified",
  failed: "failed",
};

/**
 * Whether a stage may begin, by what the ledger counts. Rewriting and proving want everything verified or explained;
 * `--allow-partial` opens the gate, and then only what is verified is rewritten.
 */
export function gateOf(stage: Stage, counts: readonly StateCount[], allowPartial: boolean): GateVerdict {
  const total = counts.reduce((sum, count) => sum + count.objects, 0);
  if (stage !== "plan" && total === 0) return { open: false, reasons: ["nothing is planned yet"] };
  const reasons: string[] = [];
  for (const state of BLOCKING[stage]) {
    const objects = counts.filter((count) => count.state === state).reduce((sum, count) => sum + count.objects, 0);
    if (objects > 0) reasons.push(`${objects} ${objects === 1 ? "object" : "objects"} ${CLAUSES[state] ?? state}`);
  }
  return { open: allowPartial || reasons.length === 0, reasons };
}
