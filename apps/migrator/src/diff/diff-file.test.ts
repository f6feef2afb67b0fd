import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { csvRecord } from "./csv.ts";
import { diffFile, diffFormatOf, type CSV_COLUMNS, type DiffFormat } from "./diff-file.ts";
import type { DiffRow } from "./diff-row.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-diff-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const row = (key: string): DiffRow => ({
  route: "audio",
  key,
  targetKey: key,
  status: "differ",
  reason: "metadata",
  state: "verified",
  evidence: "put-checksum",
  sourceSize: 1,
  targetSize: 1,
  sourceEtag: "a",
  targetEtag: null,
  sourceSha256: null,
  targetSha256: null,
  metadata: [{ name: "contentType", source: "audio/mpeg", target: 'a,"b"' }],
  code: null,
  message: "two\nlines",
});

describe("CSV", () => {
  it("is read back as it was written, by the rules of RFC 4180", () => {
    const field = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('"', ",", "\r\n", "", " a "), fc.nat());
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (records) => {
        const text = records.map((values) => csvRecord(values)).join("");
        expect(parseCsv(text)).toEqual(records.map((values) => values.map(String)));
      }),
    );
  });

  it("tells an empty text from no value", () => {
    expect(csvRecord(["", null, 0])).toBe('"",,0\r\n');
  });
});

/** Key and metadata of every row, read back. */
const rowsIn: Readonly<Record<DiffFormat, (text: string) => unknown[]>> = {
  csv(text) {
    const [header = [], ...records] = parseCsv(text);
    const at = (column: (typeof CSV_COLUMNS)[number]): number => header.indexOf(column);
    return records.map((values) => ({
      key: values[at("key")],
      metadata: JSON.parse(values[at("metadata")] ?? "") as unknown,
    }));
  },
  jsonl: (text) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => {
        const { key, metadata } = JSON.parse(line) as DiffRow;
        return { key, metadata };
      }),
};

it.each(["csv", "jsonl"] as const)("a diff as %s has every row, and its name only when it is whole", async (format) => {
  const path = join(directory, `new/folder/diff.${format}`);
  const file = await diffFile(path, format);
  const keys = Array.from({ length: 5_000 }, (_, i) => `lectures/${i}, "ü"\n.mp3`);
  for (const key of keys) {
    file.add(row(key));
    await file.drained();
  }
  expect(existsSync(path)).toBe(false);
  await file.finish();
  expect(rowsIn[format](readFileSync(path, "utf8"))).toEqual(keys.map((key) => ({ key, metadata: row("").metadata })));
  expect(existsSync(`${path}.part`)).toBe(false);
});

it("a diff that is given up leaves nothing behind, and the earlier one as it was", async () => {
  const path = join(directory, "kept.csv");
  const first = await diffFile(path, "csv");
  await first.finish();
  const before = readFileSync(path, "utf8");
  const second = await diffFile(path, "csv");
  second.add(row("k"));
  await second.discard();
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(existsSync(`${path}.part`)).toBe(false);
});

it("the name says the format", () => {
  expect(["a.csv", "A.CSV", "a.jsonl", "a.json", "csv"].map(diffFormatOf)).toEqual([
    "csv",
    "csv",
    "jsonl",
    undefined,
    undefined,
  ]);
});

/** A reader of its own, character by character, after the grammar of RFC 4180. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  let i = 0;
  while (i < text.length) {
    let field = "";
    if (text[i] === '"') {
      for (i++; ; i++) {
        if (text[i] !== '"') field += text[i];
        else if (text[i + 1] === '"') field += text[i++];
        else break;
      }
      i++;
    } else {
      while (text[i] !== "," && text[i] !== "\r") field += text[i++];
    }
    fields.push(field);
    if (text[i] === ",") i++;
    else {
      if (text.slice(i, i + 2) !== "\r\n") throw new Error(`no end of a record at ${i}`);
      i += 2;
      records.push(fields);
      fields = [];
    }
  }
  return records;
}
