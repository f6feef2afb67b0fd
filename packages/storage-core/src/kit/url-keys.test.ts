import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeKeyPath, keyCandidates } from "./url-keys.ts";

const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((text) => text.isWellFormed());

test("J01 a key's path decodes to the key, and that is the likeliest candidate, for any key", () => {
  fc.assert(
    fc.property(key, (text) => {
      expect(keyCandidates(encodeKeyPath(text), "")[0]).toBe(text);
    }),
  );
});

test("J02 a path holds nothing but unreserved characters, escapes and slashes", () => {
  fc.assert(
    fc.property(key, (text) => {
      expect(encodeKeyPath(text)).toMatch(/^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$/);
    }),
  );
  expect(encodeKeyPath("a+b c/(d)'!*.png")).toBe("a%2Bb%20c/%28d%29%27%21%2A.png");
});

test("D12 every reading of a path is a candidate, likeliest first", () => {
  expect(keyCandidates("a+b%2520c", "v=1%20x")).toEqual(["a+b%20c", "a+b%20c?v=1 x", "a b%20c", "a+b%2520c", "a+b c"]);
});

test("J07 a broken escape sequence has no candidates", () => {
  for (const path of ["a%", "a%zz", "%E0%A4%A", "%C0%80", ""]) expect(keyCandidates(path, "")).toEqual([]);
});
