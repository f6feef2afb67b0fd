import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseByteSize } from "./byte-size.ts";

describe("parseByteSize", () => {
  test.each([
    ["100MiB", 104_857_600],
    ["100 MB", 100_000_000],
    ["1.5KiB", 1536],
    ["7b", 7],
    ["42", 42],
    [42, 42],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each(["", "MiB", "-1", "1 parsec", "1e400", "0x10", -1, 1.5, Number.NaN])("%s is no size", (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });

  test("whole numbers of bytes read as they are written", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseByteSize(`${bytes}B`)).toBe(bytes);
      }),
    );
  });
});
