import type { KeptReason, ObjectState, RewriteTo } from "../contract.ts";
import type { Occurrence, QueryRule, Reading } from "./occurrence.ts";
import { policyFor } from "./policies.ts";

/** What becomes of one occurrence. */
export type Decision =
  | { readonly kind: "rewrite"; readonly reading: Reading; readonly targetKey: string; readonly rule: QueryRule }
  | { readonly kind: "keep"; readonly reading: Reading; readonly reason: KeptReason }
  /** It is in the target's form already. */
  | { readonly kind: "done"; readonly reading: Reading };

/**
 * Parse, never guess. Of all readings of a text only one that names an object in the ledger is believed; when two do,
 * nobody can tell which was meant, and the text stays.
 *
 * | readings that name a known object                            | decision        |
 * | ------------------------------------------------------------ | --------------- |
 * | none                                                         | keep: unknown   |
 * | one                                                          | that one        |
 * | several of the likeliest end                                 | keep: ambiguous |
 * | one of the likeliest end, where the text around it says so   | that one        |
 * | one of the likeliest end, and one of a longer text           | keep: ambiguous |
 * | none of the likeliest end, several of others                 | keep: ambiguous |
 *
 * That one is rewritten when its form may be (its policy), and its copy is verified.
 */
export function decide(
  occurrence: Occurrence,
  stateOf: (reading: Reading) => ObjectState | undefined,
  to: RewriteTo,
): Decision {
  const { readings, foreign, unreadable } = occurrence;
  const [first] = readings;
  if (first === undefined) throw new Error("an occurrence without a reading");
  if (foreign !== undefined) return { kind: "keep", reading: first, reason: foreign };
  if (first.side === "target") return { kind: "done", reading: first };

  const known = readings.filter((reading) => reading.side === "source" && stateOf(reading) !== undefined);
  const [best] = known;
  const keep = (reason: KeptReason, reading = best ?? first): Decision => ({ kind: "keep", reading, reason });
  if (best === undefined) return keep("unknown-object");
  if (unreadable !== undefined) return keep(unreadable);
  if (isAmbiguous(occurrence, known, best)) return keep("ambiguous");
  const { policy, reason } = policyFor(best, to);
  if (policy === "keep" || policy === "report") return keep(reason);
  const state = stateOf(best);
  if (state?.state !== "verified") return keep("not-verified");
  return { kind: "rewrite", reading: best, targetKey: state.targetKey, rule: ruleFor(policy, to) };
}

/** A key has no query. */
function ruleFor(policy: "map" | "map-and-drop-query", to: RewriteTo): QueryRule {
  if (to.to === "key") return "drop-all-and-fragment";
  return policy === "map" ? "drop-service" : "drop-all";
}

function isAmbiguous({ bounded }: Occurrence, known: readonly Reading[], best: Reading): boolean {
  if (known.length === 1) return false;
  const others = known.filter((other) => other !== best);
  if (others.some((other) => other.rank === best.rank)) return true;
  return best.rank === 0 ? !bounded && others.some((other) => other.end > best.end) : others.length > 0;
}
