import type { Shape } from "./shape/shape.ts";

/** What a database has to look for, at the least cost, so that no text with a needle is passed over. */
export interface Prefilter {
  /** In every text that holds a needle: one search that rules out most rows. Undefined: the needles have too little in common. */
  readonly gate: string | undefined;
  /** Lower case; at least one is in every text that is wanted. */
  readonly needles: readonly string[];
}

/** A shorter text is in too many rows to rule any out. */
const SHORTEST_GATE = 4;

export function prefilter(needles: readonly string[], shape: Shape): Prefilter {
  const written = needles.map((needle) => asWritten(needle.toLowerCase(), shape));
  const gate = written.length > 1 ? commonPart(written) : undefined;
  return { gate: gate !== undefined && gate.length >= SHORTEST_GATE ? gate : undefined, needles: written };
}

/** In arrays, composites and hstores every backslash and quote is escaped once a level. */
function asWritten(needle: string, shape: Shape): string {
  const levels = depthOf(shape);
  return needle.replaceAll("\\", "\\".repeat(2 ** levels));
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
