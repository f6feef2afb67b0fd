/** A text after its escapes were read, and where each of its UTF-16 units stood before. */
export interface Decoded {
  readonly value: string;
  /** Offset before decoding for an offset in the value, its end included. Within an escape: where the escape begins. */
  offset(valueOffset: number): number;
}

/** Finds the first escape at or after an offset; where it begins, or -1. Its end is the finder's `end`. */
export interface EscapeFinder {
  find(raw: string, from: number): number;
  end: number;
}

/** For escapes that a pattern (global) describes. */
export function patternFinder(pattern: RegExp): EscapeFinder {
  return {
    end: 0,
    find(raw, from) {
      pattern.lastIndex = from;
      const at = pattern.exec(raw)?.index ?? -1;
      this.end = pattern.lastIndex;
      return at;
    },
  };
}

/**
 * Reads every escape that `finder` finds and `valueOf` understands; everything else stays. Costs time and memory by the
 * length of the text and the number of its escapes, never more.
 */
export function decodedBy(raw: string, finder: EscapeFinder, valueOf: (escape: string) => string | undefined): Decoded {
  let value = "";
  /** Of each escape: its end before decoding; its beginning and its end after. */
  const rawEnds: number[] = [];
  const valueStarts: number[] = [];
  const valueEnds: number[] = [];
  let from = 0;
  for (let at = finder.find(raw, 0); at !== -1; at = finder.find(raw, finder.end)) {
    const meant = valueOf(raw.slice(at, finder.end));
    if (meant === undefined) continue;
    value += raw.slice(from, at);
    valueStarts.push(value.length);
    value += meant;
    valueEnds.push(value.length);
    from = finder.end;
    rawEnds.push(from);
  }
  if (rawEnds.length === 0) return unescaped(raw);
  value += raw.slice(from);

  return {
    value,
    offset(at) {
      const after = countUpTo(valueEnds, at);
      // Before the next escape, or at its beginning, the distance to the last one is the same on both sides.
      const plain = Math.min(at, valueStarts[after] ?? at) - (valueEnds[after - 1] ?? 0);
      return (rawEnds[after - 1] ?? 0) + plain;
    },
  };
}

/** A text without escapes: it is its own value. */
function unescaped(raw: string): Decoded {
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
