import type { Shape } from "./shape/shape.ts";

/** Needles with a text in common: one search for that rules most texts out for all of them. */
export interface NeedleGroup {
  /** Undefined for a needle by itself. */
  readonly gate: string | undefined;
  /** Lower case. */
  readonly needles: readonly string[];
}

/** A shorter text is in too many rows to rule any out. */
const SHORTEST_GATE = 6;

/**
 * What a database has to look for, so that no text with a needle is passed over, at the least cost: a text that is wanted holds
 * the gate and a needle of one of the groups.
 */
export function prefilter(needles: readonly string[], shape: Shape): readonly NeedleGroup[] {
  let groups: NeedleGroup[] = [];
  for (const needle of new Set(needles.map((one) => asWritten(one.toLowerCase(), shape)))) {
    const joined = groups.findIndex((group) => gateOf([...group.needles, needle]) !== undefined);
    groups =
      joined === -1
        ? [...groups, { gate: undefined, needles: [needle] }]
        : groups.map((group, index) => (index === joined ? together([...group.needles, needle]) : group));
  }
  return groups;
}

function together(needles: readonly string[]): NeedleGroup {
  return { gate: gateOf(needles), needles };
}

function gateOf(needles: readonly string[]): string | undefined {
  const part = commonPart(needles);
  return part.length >= SHORTEST_GATE ? part : undefined;
}

/** In arrays, composites and hstores every backslash is escaped once a level. */
function asWritten(needle: string, shape: Shape): string {
  return needle.replaceAll("\\", "\\".repeat(2 ** depthOf(shape)));
}

function depthOf(shape: Shape): number {
  switch (shape.kind) {
    case "text":
    case "json":
      return 0;
    case "hstore":
      return 1;
    case "array":
      return 1 + depthOf(shape.of);
    case "composite":
      return 1 + Math.max(0, ...shape.fields.map((field) => (field.shape === undefined ? 0 : depthOf(field.shape))));
  }
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
