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

/**
 * What the file backend read out of it before https://github.com/supabase/storage/pull/1087: two numbers, the end as it was asked
 * for, however long the file is. It fails where there is no first number, or the second is smaller.
 */
export function parseUnclampedRange(header: string, size: number): ByteRange | "unreadable" {
  const [first = "", last = ""] = header.replace("bytes=", "").split("-");
  const start = Number.parseInt(first, 10);
  const end = last === "" ? size : Number.parseInt(last, 10) + 1;
  return start < end ? { start, end } : "unreadable";
}
