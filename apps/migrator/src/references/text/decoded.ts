/** A text after its escapes were read, and where each of its UTF-16 units stood before. */
export interface Decoded {
  readonly value: string;
  /** Offset before decoding for an offset in the value, its end included. Within an escape: where the escape begins. */
  offset(valueOffset: number): number;
}

/**
 * Reads every escape that `escape` (a global pattern) finds and `valueOf` understands; everything else stays. Costs time
 * and memory by the length of the text and the number of its escapes, never more.
 */
export function decodedBy(raw: string, escape: RegExp, valueOf: (escape: string) => string | undefined): Decoded {
  const pieces: string[] = [];
  /** After each escape: its end before decoding, and after. */
  const rawEnds: number[] = [];
  const valueStarts: number[] = [];
  const valueEnds: number[] = [];
  let from = 0;
  let length = 0;
  for (const match of raw.matchAll(escape)) {
    const value = valueOf(match[0]);
    if (value === undefined) continue;
    length += match.index - from;
    pieces.push(raw.slice(from, match.index), value);
    valueStarts.push(length);
    length += value.length;
    valueEnds.push(length);
    from = match.index + match[0].length;
    rawEnds.push(from);
  }
  if (rawEnds.length === 0) return unescaped(raw);
  pieces.push(raw.slice(from));

  return {
    value: pieces.join(""),
    offset(at) {
      const after = countUpTo(valueEnds, at);
      const start = valueStarts[after];
      // Before the next escape, or at its beginning, the distance to the last one is the same on both sides.
      const plain = (rawEnds[after - 1] ?? 0) + Math.min(at, start ?? at) - (valueEnds[after - 1] ?? 0);
      return plain;
    },
  };
}

/** A text without escapes: it is its own value. */
export function unescaped(raw: string): Decoded {
  return { value: raw, offset: (at) => at };
}

/** How many of the ascending numbers are not above the limit. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
