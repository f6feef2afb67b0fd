import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseByteSize } from "./byte-size.ts";

describe("parseByteSize", () => {
  test.each([
    ["100MiB", 104_857_600],
    ["100 MB", 100_000_000],
    ["1.5KiB", 1536],
    ["7b", 7],
    ["10M", 10_485_760],
    ["500k", 512_000],
    ["1.5G", 1_610_612_736],
    ["2Ti", 2_199_023_255_552],
    ["10mb", 10_000_000],
    ["42", 42],
    [42, 42],
  ])("%s is %d bytes", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each(["", "MiB", "-1", "1 parsec", "10Mbit", "10M/s", "1e6", "1,5M", "1e400", "0x10", -1, 1.5, Number.NaN])(
    "%s is no size",
    (text) => {
      expect(parseByteSize(text)).toBeUndefined();
    },
  );

  test("whole numbers of bytes read as they are written", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseByteSize(`${bytes}B`)).toBe(bytes);
      }),
    );
  });
});
