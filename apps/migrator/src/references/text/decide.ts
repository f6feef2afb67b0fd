import type { KeptReason, ObjectState } from "../contract.ts";
import type { Occurrence, Reading } from "./occurrence.ts";

/** What becomes of one occurrence. */
export type Decision =
  | { readonly kind: "rewrite"; readonly reading: Reading; readonly targetKey: string }
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
 */
export function decide(occurrence: Occurrence, stateOf: (reading: Reading) => ObjectState | undefined): Decision {
  const { readings } = occurrence;
  const [first] = readings;
  if (first === undefined) throw new Error("an occurrence without a reading");
  const done = readings.find((reading) => reading.rank === first.rank && reading.side === "target");
  if (first.side === "target" && done !== undefined) return { kind: "done", reading: done };

  const known = distinct(readings.filter((reading) => reading.side === "source" && stateOf(reading) !== undefined));
  const [best] = known;
  if (best === undefined) return { kind: "keep", reading: first, reason: "unknown-object" };
  if (isAmbiguous(occurrence, known, best)) return { kind: "keep", reading: best, reason: "ambiguous" };
  if (best.kind === "render") return { kind: "keep", reading: best, reason: "no-counterpart" };
  const state = stateOf(best);
  if (state?.state !== "verified") return { kind: "keep", reading: best, reason: "not-verified" };
  return { kind: "rewrite", reading: best, targetKey: state.targetKey };
}

type Ranked = Occurrence["readings"][number];

/** Two readings that name one object and end at one place differ in nothing. */
function distinct(readings: readonly Ranked[]): Ranked[] {
  const seen = new Map(
    readings.toReversed().map((reading) => [`${reading.route}\n${reading.key}\n${reading.end}`, reading]),
  );
  return [...seen.values()].toSorted((a, b) => a.rank - b.rank);
}

function isAmbiguous({ bounded }: Occurrence, known: readonly Ranked[], best: Ranked): boolean {
  const others = known.filter((other) => other !== best);
  if (others.some((other) => other.rank === best.rank)) return true;
  return best.rank === 0 ? !bounded && others.some((other) => other.end > best.end) : others.length > 0;
}
