import { createReadStream } from "node:fs";
import { EvidenceError } from "./evidence-error.ts";

/** One line as it stands in the file, without its line feed. */
export interface RawLine {
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Longest line that is read: no key, URL or primary key of any service comes near, and a hostile file ends here. */
const LONGEST_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/** The lines of a file, many at a time; one piece of it is in memory. @throws EvidenceError for a line without an end */
export async function* rawLines(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<readonly RawLine[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let number = 1;
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024, signal }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: RawLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      lines.push({ number, offset: offset + start, bytes: bytes.subarray(start, end) });
      number++;
      start = end + 1;
    }
    rest = bytes.subarray(start);
    offset += start;
    if (rest.length > LONGEST_LINE_BYTES) {
      throw new EvidenceError(number, offset, `is longer than ${LONGEST_LINE_BYTES} bytes`);
    }
    yield lines;
  }
  if (rest.length > 0) throw new EvidenceError(number, offset, "has no end: the file was cut off in it");
}
