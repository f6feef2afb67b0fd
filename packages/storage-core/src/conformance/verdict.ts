import type { CaseResult, Harness } from "./case.ts";

/** Which skipped core cases are no failure: `all` for a bucket whose surroundings nobody controls, or their ids. */
export type AcceptedSkips = "all" | readonly string[];

/**
 * What a result means for the run: a declared deviation turns a failure into `deviated`, and into a failure once the case
 * holds; a core case that was skipped is a failure unless that was accepted. Pure.
 */
export function verdictOn(result: CaseResult, harness: Harness, acceptSkipped: AcceptedSkips): CaseResult {
  const deviation = harness.deviations?.[result.id];
  if (deviation !== undefined) return deviate(result, deviation);
  if (result.outcome === "skipped" && result.level === "core" && !accepted(result.id, acceptSkipped)) {
    return {
      ...result,
      outcome: "failed",
      reason: `a core case must not be skipped (${result.reason ?? "no reason"})`,
    };
  }
  return result;
}

function deviate(result: CaseResult, deviation: string): CaseResult {
  if (deviation.trim() === "") {
    return { ...result, outcome: "failed", reason: "the harness declares a deviation without a reason" };
  }
  if (result.outcome === "skipped") return result;
  if (result.outcome === "failed") {
    return { ...result, outcome: "deviated", reason: `${deviation} (seen: ${result.reason ?? "a failure"})` };
  }
  const reason = `declared as a deviation (${deviation}), but it holds now (${result.outcome}); remove the declaration`;
  return { ...result, outcome: "failed", reason };
}

function accepted(id: string, acceptSkipped: AcceptedSkips): boolean {
  return acceptSkipped === "all" || acceptSkipped.includes(id);
}
