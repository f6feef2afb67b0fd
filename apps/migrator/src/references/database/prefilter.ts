import type { Sign } from "../sign.ts";

/** Signs with a text in common: one search for that rules most texts out for all of them. */
export interface SignGroup {
  /** Undefined for a sign by itself. */
  readonly gate: string | undefined;
  readonly anyCase: boolean;
  /** Of each sign the texts that are all to be found. */
  readonly signs: readonly (readonly string[])[];
}

/** A shorter text is in too many rows to rule any out. */
const SHORTEST_GATE = 6;

/** What a database has to look for, at the least cost: a text that is wanted holds the gate and a sign of one of the groups. */
export function prefilter(signs: readonly Sign[]): readonly SignGroup[] {
  let groups: SignGroup[] = [];
  // Searches that cost less come first: what they find need not be looked for again.
  for (const { texts, anyCase } of signs.toSorted((a, b) => Number(a.anyCase) - Number(b.anyCase))) {
    const own: SignGroup = { gate: undefined, anyCase, signs: [texts] };
    const joined = groups.findIndex((group) => together(group, own) !== undefined);
    groups =
      joined === -1
        ? [...groups, own]
        : groups.map((group, index) => (index === joined ? (together(group, own) ?? group) : group));
  }
  return groups;
}

function together(group: SignGroup, other: SignGroup): SignGroup | undefined {
  if (group.anyCase !== other.anyCase) return undefined;
  const signs = [...group.signs, ...other.signs];
  const gate = commonPart(signs.map((texts) => texts[0] ?? ""));
  return gate.length < SHORTEST_GATE ? undefined : { gate, anyCase: group.anyCase, signs };
}

/** The longest text that is part of all of them; the first of those of one length. */
function commonPart(texts: readonly string[]): string {
  const shortest = texts.reduce((least, text) => (text.length < least.length ? text : least));
  for (let length = shortest.length; length > 0; length -= 1) {
    for (let start = 0; start + length <= shortest.length; start += 1) {
      const part = shortest.slice(start, start + length);
      if (texts.every((text) => text.includes(part))) return part;
    }
  }
  return "";
}
