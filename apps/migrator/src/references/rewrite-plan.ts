import type { KeptReason, LookUpStates, ObjectState, ReferenceRoute, RewriteTo } from "./contract.ts";
import type { JournalledReference } from "./database/journal-entry.ts";
import type { ReadText } from "./read-cell.ts";
import { decide, type Decision } from "./text/decide.ts";
import { applyEdits, type Edit } from "./text/edits.ts";
import type { Reading } from "./text/occurrence.ts";
import { renderReference } from "./text/render.ts";

export interface KeptReference {
  readonly path: string | undefined;
  readonly text: string;
  readonly reading: Reading;
  readonly reason: KeptReason;
}

/** What a cell would become, and why what stays stays. */
export interface CellPlan {
  /** Equal to the old text when nothing is to be rewritten. */
  readonly after: string;
  readonly references: readonly JournalledReference[];
  readonly kept: readonly KeptReference[];
  readonly alreadyRewritten: number;
}

/** What the ledger said of the objects that a batch of cells may mean. */
export type KnownStates = (route: string, key: string) => ObjectState | undefined;

const KEYS_PER_LOOK_UP = 1000;

/** Asks the ledger about every reading of a batch at once. */
export async function lookUp(texts: readonly ReadText[], states: LookUpStates): Promise<KnownStates> {
  const wanted = new Map<string, Set<string>>();
  for (const { occurrences } of texts) {
    for (const { readings } of occurrences) {
      for (const { route, side, key } of readings) {
        if (side !== "source") continue;
        const keys = wanted.get(route);
        if (keys === undefined) wanted.set(route, new Set([key]));
        else keys.add(key);
      }
    }
  }
  const found = new Map<string, ReadonlyMap<string, ObjectState>[]>();
  for (const [route, keys] of wanted) {
    const all = [...keys];
    const answers: ReadonlyMap<string, ObjectState>[] = [];
    for (let from = 0; from < all.length; from += KEYS_PER_LOOK_UP) {
      answers.push(await states(route, all.slice(from, from + KEYS_PER_LOOK_UP)));
    }
    found.set(route, answers);
  }
  return (route, key) => {
    for (const answer of found.get(route) ?? []) {
      const state = answer.get(key);
      if (state !== undefined) return state;
    }
    return undefined;
  };
}

/** Pure: the same cell, the same ledger, the same plan. */
export function planCell(
  { text, occurrences }: ReadText,
  known: KnownStates,
  routes: readonly ReferenceRoute[],
  to: RewriteTo,
): CellPlan {
  const edits: Edit[] = [];
  const references: JournalledReference[] = [];
  const kept: KeptReference[] = [];
  let alreadyRewritten = 0;
  /** The last URL that was rewritten and that others may lie in. */
  let around: { readonly end: number; readonly edits: readonly Edit[] } = { end: 0, edits: [] };
  for (const occurrence of inOrder(occurrences)) {
    // In a parameter that goes with the URL around it.
    if (around.edits.some((edit) => edit.start <= occurrence.start && occurrence.start < edit.end)) continue;
    const decision: Decision = decide(occurrence, ({ route, key }) => known(route, key), to);
    const { reading } = decision;
    const { start, path } = occurrence;
    const keep = (reason: KeptReason): unknown =>
      kept.push({ path, text: text.slice(start, reading.end), reading, reason });
    if (decision.kind === "done") alreadyRewritten += 1;
    if (decision.kind === "keep") keep(decision.reason);
    if (decision.kind === "rewrite") {
      const route = routes.find((one) => one.name === reading.route);
      if (route === undefined) throw new Error(`a reading of an unknown route ${reading.route}`);
      const next = renderReference(route, decision.targetKey, to);
      const changes = reading.edits(next, decision.rule);
      const [first] = changes ?? [];
      if (changes === undefined || first === undefined) keep("not-writable-here");
      // A target may keep the very URLs of the source, behind a domain that leads to it by now.
      else if (changes.length === 1 && first.text === text.slice(first.start, first.end)) alreadyRewritten += 1;
      else {
        edits.push(...changes);
        if (start >= around.end) around = { end: reading.end, edits: changes };
        references.push({ route: route.name, key: reading.key, path, text: next });
      }
    }
  }
  return { after: applyEdits(text, inOrder(edits)), references, kept, alreadyRewritten };
}

function inOrder<T extends { readonly start: number }>(all: readonly T[]): readonly T[] {
  return all.length < 2 ? all : all.toSorted((a, b) => a.start - b.start);
}
