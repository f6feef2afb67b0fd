import type { ByteRange } from "@bucketferry/storage-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rangeHeader, servedBytes } from "./s3-get.ts";

const part = (contentRange: string | undefined, length?: number) => ({
  "content-range": contentRange,
  "content-length": length === undefined ? undefined : String(length),
});

describe("the bytes that an answer carries", () => {
  it("are exactly the ones that were asked for, for every range of every size", () => {
    const range: fc.Arbitrary<ByteRange> = fc.oneof(
      fc.record({ offset: fc.nat(50), length: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }) }),
      fc.record({ suffix: fc.integer({ min: 1, max: 60 }) }),
    );
    fc.assert(
      fc.property(range, fc.integer({ min: 51, max: 100 }), (asked, size) => {
        const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(rangeHeader(asked)) ?? [];
        const offset = first === "" ? Math.max(0, size - Number(last)) : Number(first);
        const end = first === "" || last === "" ? size - 1 : Math.min(size - 1, Number(last));
        const length = end - offset + 1;
        expect(servedBytes(206, part(`bytes ${offset}-${end}/${size}`, length), asked)).toEqual({
          offset,
          length,
          size,
        });
        // A neighbouring part is not taken for it (L12).
        expect(() => servedBytes(206, part(`bytes ${offset + 1}-${end}/${size}`), asked)).toThrow(/./);
        expect(() => servedBytes(206, part(`bytes ${offset}-${end - 1}/${size}`), asked)).toThrow(/./);
      }),
    );
  });

  it.each<[string, number, Record<string, string | undefined>, ByteRange | undefined, string]>([
    ["a range that was ignored", 200, part(undefined, 100), { offset: 5, length: 5 }, "IncompleteBody"],
    ["a part that nobody asked for", 206, part("bytes 0-4/10", 5), undefined, "IncompleteBody"],
    ["a part without its place", 206, part(undefined, 5), { offset: 0, length: 5 }, "IncompleteBody"],
    ["a part of an unknown whole", 206, part("bytes 0-4/*", 5), { offset: 0, length: 5 }, "IncompleteBody"],
    [
      "a part whose length contradicts its place",
      206,
      part("bytes 0-4/10", 6),
      { offset: 0, length: 5 },
      "IncompleteBody",
    ],
    [
      "several parts",
      206,
      { "content-type": "multipart/byteranges; boundary=x" },
      { offset: 0, length: 5 },
      "IncompleteBody",
    ],
    ["an answer of unknown length", 200, part(undefined), undefined, "IncompleteBody"],
    ["a length that is no number", 200, { "content-length": "1e3" }, undefined, "IncompleteBody"],
    ["a range of nothing", 200, part(undefined, 0), { offset: 0 }, "InvalidRange"],
  ])("are refused: %s", (_, status, headers, range, code) => {
    expect(() => servedBytes(status, headers, range)).toThrow(expect.objectContaining({ code }));
  });

  it("may come as the whole object when the range covers it", () => {
    expect(servedBytes(200, part(undefined, 10), { offset: 0 })).toEqual({ offset: 0, length: 10, size: 10 });
    expect(servedBytes(200, part(undefined, 10), { suffix: 12 })).toEqual({ offset: 0, length: 10, size: 10 });
    expect(servedBytes(200, part(undefined, 10), { offset: 0, length: 10 })).toEqual({
      offset: 0,
      length: 10,
      size: 10,
    });
  });

  it("may be asked for up to a place that no number can express", () => {
    expect(rangeHeader({ offset: 7, length: Number.MAX_SAFE_INTEGER })).toBe("bytes=7-");
  });
});
