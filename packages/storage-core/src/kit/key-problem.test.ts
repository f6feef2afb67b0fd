import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeyRules } from "../contract/capabilities.ts";
import { keyProblem } from "./key-problem.ts";
import { utf8Length } from "./utf8-length.ts";

const FREE: KeyRules = {
  maxBytes: 1024,
  maxSegmentBytes: 1024,
  charset: undefined,
  dotSegments: true,
  leadingSlash: true,
  trailingSlash: true,
  doubleSlash: true,
  caseSensitive: true,
  unicodeForms: "distinct",
  objectBesideFolder: true,
  reserved: undefined,
};

const anyString = fc.string({ unit: "binary", maxLength: 400 });

describe("keyProblem", () => {
  test("B11 an empty key is refused, with a reason and a fix", () => {
    expect(keyProblem("", FREE)).toEqual({ reason: "is empty", fix: expect.any(String) });
  });

  test.each([undefined, null, 7, {}, ["a"]])("a key that is %s is refused by its type", (key) => {
    expect(keyProblem(key, FREE)?.reason).toContain("not a string");
  });

  test("B10 half a surrogate pair is refused anywhere in the key", () => {
    for (const key of ["\ud800", "a\udc00b", "\udc00\ud800", "🎉\ud83c"]) {
      expect(keyProblem(key, FREE)?.reason).toContain("surrogate");
    }
  });

  test("B12 B13 1024 bytes are taken and 1025 refused, counted in UTF-8", () => {
    for (const character of ["a", "é", "日", "🎉"]) {
      const bytes = utf8Length(character);
      const whole = character.repeat(Math.floor(1024 / bytes)) + "a".repeat(1024 % bytes);
      expect(keyProblem(whole, FREE)).toBeUndefined();
      expect(keyProblem(`${whole}a`, FREE)?.reason).toBe("is 1025 bytes of UTF-8, 1024 are allowed");
    }
  });

  test("rules that allow more than 1024 bytes do not", () => {
    expect(keyProblem("a".repeat(1025), { ...FREE, maxBytes: 5000 })).toBeDefined();
  });

  test("B05 B09 without a charset every well-formed key up to the limit is taken", () => {
    fc.assert(
      fc.property(anyString, (key) => {
        const expected = key !== "" && key.isWellFormed() && new TextEncoder().encode(key).length <= 1024;
        expect(keyProblem(key, FREE) === undefined).toBe(expected);
      }),
    );
  });

  test("a character outside the charset is named with its code point", () => {
    const problem = keyProblem("photo🎉.png", { ...FREE, charset: "[a-z.]" });
    expect(problem?.reason).toContain("U+1F389");
    expect(problem?.fix).toContain("[a-z.]");
    expect(keyProblem("photo.png", { ...FREE, charset: "[a-z.]" })).toBeUndefined();
  });

  test("a line break at the end does not slip past the charset", () => {
    expect(keyProblem("a\n", { ...FREE, charset: "[a-z]" })?.reason).toContain("U+000A");
  });

  const REFUSED: readonly (readonly [Partial<KeyRules>, string, boolean])[] = [
    [{ leadingSlash: false }, "/a", true],
    [{ leadingSlash: false }, "a/", false],
    [{ trailingSlash: false }, "a/", true],
    [{ trailingSlash: false }, "/a", false],
    [{ doubleSlash: false }, "a//b", true],
    [{ doubleSlash: false }, "a/b/c", false],
    [{ dotSegments: false }, "a/../b", true],
    [{ dotSegments: false }, ".", true],
    [{ dotSegments: false }, "a/...", false],
    [{ dotSegments: false }, "a..b/.c", false],
    [{ maxSegmentBytes: 3 }, "abc/déf", true],
    [{ maxSegmentBytes: 3 }, "abc/dé", false],
    [{ unicodeForms: "nfc" }, "cafe\u0301", true],
    [{ unicodeForms: "nfc" }, "caf\u00e9", false],
    [{ unicodeForms: "same" }, "cafe\u0301", false],
    [{ reserved: "^\\.internal/" }, ".internal/x", true],
    [{ reserved: "^\\.internal/" }, "a/.internal/x", false],
  ];
  test.each(REFUSED)("B07 B08 B16 under %j the key %j is refused: %s", (rules, key, refused) => {
    expect(keyProblem(key, { ...FREE, ...rules }) !== undefined).toBe(refused);
  });
});

test("utf8Length counts what TextEncoder writes, for any string", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "\ud800", "\udfff", "🎉", "\uffff"),
      (text, tail) => {
        expect(utf8Length(text + tail)).toBe(new TextEncoder().encode(text + tail).length);
      },
    ),
  );
});
