import { pipeline } from "node:stream/promises";
import type { Readable } from "node:stream";
import { parse } from "csv-parse";

export interface ManifestEntry {
  /** What stands where a key belongs. */
  readonly key: unknown;
  /** Undefined: not named. */
  readonly route: string | undefined;
  readonly line: number;
}

export type ManifestFormat = "text" | "jsonl" | "csv";

/** How each format is read: entries in the order of the file, one in memory at a time. */
export const MANIFEST_FORMATS: Readonly<Record<ManifestFormat, (input: Readable) => AsyncIterable<ManifestEntry>>> = {
  text,
  jsonl,
  csv,
};

/** A key is the whole line, spaces too. Empty lines are none. */
async function* text(input: Readable): AsyncGenerator<ManifestEntry, void, undefined> {
  for await (const [line, key] of linesOf(input)) {
    if (key !== "") yield { key, route: undefined, line };
  }
}

/** https://jsonlines.org: an object with `key`, and `route` where there are several. Other fields do not matter. */
async function* jsonl(input: Readable): AsyncGenerator<ManifestEntry, void, undefined> {
  for await (const [line, content] of linesOf(input)) {
    if (content.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(content);
    } catch (error) {
      throw new Error(`line ${line} is not JSON`, { cause: error });
    }
    yield entryOf(value, line);
  }
}

/** RFC 4180, with a header line that names the columns. */
async function* csv(input: Readable): AsyncGenerator<ManifestEntry, void, undefined> {
  const parser = parse({
    bom: true,
    info: true,
    columns: (header: readonly string[]) => {
      if (!header.includes("key")) throw new Error('the first line names no column "key"');
      return [...header];
    },
  });
  // The parser ends with the error that ends its input; whoever reads the parser hears of both.
  const flowing = pipeline(input, parser).catch(() => undefined);
  for await (const row of parser as AsyncIterable<{ readonly record: unknown; readonly info: { lines: number } }>) {
    yield entryOf(row.record, row.info.lines);
  }
  await flowing;
}

function entryOf(value: unknown, line: number): ManifestEntry {
  const { key, route }: { key?: unknown; route?: unknown } = typeof value === "object" && value !== null ? value : {};
  return { key, route: typeof route === "string" && route !== "" ? route : undefined, line };
}

/**
 * Lines that end in LF or CR LF, with their numbers. Node's own reader of lines also ends one at U+2028 and at a bare CR,
 * which a key may hold.
 */
async function* linesOf(input: Readable): AsyncGenerator<readonly [number, string], void, undefined> {
  let number = 0;
  let rest = "";
  input.setEncoding("utf8");
  for await (const chunk of input as AsyncIterable<string>) {
    const lines = (rest + (number === 0 && rest === "" ? chunk.replace(/^\ufeff/, "") : chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new Error(`line ${number + 1} is longer than ${LONGEST_LINE} characters`);
    for (const line of lines) yield [++number, line.endsWith("\r") ? line.slice(0, -1) : line];
  }
  if (rest !== "") yield [number + 1, rest];
}

/** Far longer than any key, with room for other fields. */
const LONGEST_LINE = 1024 * 1024;
