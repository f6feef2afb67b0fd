/** Bytes `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** `ignored`: S3 answers with the whole object to a header it does not understand. */
export type RangeAnswer = ByteRange | "unsatisfiable" | "ignored";

const RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/;

/** The one range that a `Range` header asks of an object of this size (RFC 9110, section 14.2). */
export function parseRange(header: string, size: number): RangeAnswer {
  const match = RANGE.exec(header);
  if (match === null) return "ignored";
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < start) return "ignored";
  return start >= size ? "unsatisfiable" : { start, end };
}
