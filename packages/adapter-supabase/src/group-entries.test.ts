import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupEntries } from "./group-entries.ts";
import { decodePosition, encodePosition, serviceCursor, type ListPosition } from "./list-position.ts";
import { recordOfRow, type ObjectRecord } from "./object-record.ts";

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function recordOf(name: string): ObjectRecord {
  const record = recordOfRow({ name, metadata: { size: 1, eTag: '"e"' } });
  if (record === undefined) throw new Error("no record");
  return record;
}

/** How a server compares a prefix: newer ones exactly, older ones in both cases of its letters. */
type Begins = (key: string, prefix: string) => boolean;
const exactly: Begins = (key, prefix) => key.startsWith(prefix);
const inBothCases: Begins = (key, prefix) => key.toLowerCase().startsWith(prefix.toLowerCase());

/** The service's flat listing: by bytes, after the key in its cursor, cut at the limit. */
function flatPage(
  keys: readonly string[],
  prefix: string,
  cursor: string | undefined,
  limit: number,
  begins: Begins = exactly,
) {
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64").toString("utf8").slice("l:".length);
  const rest = keys.filter((key) => begins(key, prefix) && byBytes(key, after) > 0).toSorted(byBytes);
  return { records: rest.slice(0, limit).map(recordOf), hasNext: rest.length > limit };
}

/** What a listing is by definition. */
function expected(keys: readonly string[], prefix: string, delimiter: string | undefined): string[] {
  const names = keys
    .filter((key) => key.startsWith(prefix))
    .toSorted(byBytes)
    .map((key) => {
      const at = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      return at === -1 ? `object ${key}` : `prefix ${key.slice(0, at + (delimiter?.length ?? 0))}`;
    });
  return [...new Set(names)];
}

function walked(
  keys: readonly string[],
  options: { prefix: string; delimiter: string | undefined; limit: number; serviceLimit: number; begins: Begins },
): string[] {
  const { prefix, delimiter, limit, serviceLimit, begins } = options;
  const seen: string[] = [];
  let position: ListPosition | undefined = { after: "" };
  for (let requests = 0; position !== undefined; requests += 1) {
    if (requests > 1000) throw new Error("the listing does not end");
    const flatLimit = delimiter === undefined ? Math.min(limit, serviceLimit) : serviceLimit;
    const { records, hasNext } = flatPage(keys, prefix, serviceCursor(position.after), flatLimit, begins);
    const page = groupEntries(records, { prefix, delimiter, limit, group: position.group, hasNext });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    seen.push(
      ...page.entries.map((entry) => (entry.type === "object" ? `object ${entry.key}` : `prefix ${entry.prefix}`)),
    );
    position = page.next && decodePosition(encodePosition(page.next));
  }
  return seen;
}

// Among them those that the service's own grouping loses: characters that sort before a slash.
const key = fc
  .array(fc.constantFrom(..."abA/!-.~".split(""), "//", "é", "😀"), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(""));

describe("grouping the flat listing", () => {
  it("finds every key and every group once, in order, whatever the sizes of pages, prefix and delimiter, and however the server compares", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 40 }),
        fc.constantFrom("", "a", "a/", "b!"),
        fc.constantFrom(undefined, "/", "a", "/a", "//"),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom(exactly, inBothCases),
        (keys, prefix, delimiter, limit, serviceLimit, begins) => {
          expect(walked(keys, { prefix, delimiter, limit, serviceLimit, begins })).toEqual(
            expected(keys, prefix, delimiter),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("skips the rest of a large group with one request", () => {
    const keys = [...Array.from({ length: 500 }, (_, index) => `dir/${String(index).padStart(3, "0")}`), "last"];
    const first = flatPage(keys, "", undefined, 10);
    const page = groupEntries(first.records, {
      prefix: "",
      delimiter: "/",
      limit: 10,
      group: undefined,
      hasNext: true,
    });
    expect(page.next).toEqual({ after: "dir/~", group: "dir/" });
    const second = flatPage(keys, "", serviceCursor(page.next?.after ?? ""), 10);
    expect(second.records.map(({ name }) => name)).toEqual(["last"]);
  });
});

describe("cursors", () => {
  it("survive the way through text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.option(fc.string(), { nil: undefined }), (after, group) => {
        expect(decodePosition(JSON.parse(JSON.stringify(encodePosition({ after, group }))) as string)).toEqual({
          after,
          group,
        });
      }),
    );
  });

  it.each([
    "",
    "x",
    "sb1.",
    "sb1.!!",
    `sb1.${Buffer.from("{}").toString("base64url")}`,
    `sb1.${Buffer.from("[1]").toString("base64url")}`,
  ])("that are not ours are an InvalidArgument: %j", (cursor) => {
    expect(() => decodePosition(cursor)).toThrow(expect.objectContaining({ code: "InvalidArgument" }));
  });

  it("cannot smuggle a line into the service's cursor", () => {
    expect(serviceCursor("a\no:desc")).toBe(Buffer.from("l:a").toString("base64"));
    expect(serviceCursor("\n")).toBeUndefined();
  });
});
