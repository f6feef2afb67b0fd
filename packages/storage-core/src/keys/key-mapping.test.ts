import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KeyRules } from "../contract/capabilities.ts";
import { keyProblem } from "../kit/key-problem.ts";
import { keyMapping } from "./key-mapping.ts";

/** As strict as a service gets: Supabase's charset without what it may hold, and a file system's segments. */
const STRICT: KeyRules = {
  maxBytes: 1024,
  maxSegmentBytes: 1024,
  charset: "[A-Za-z0-9_/!.*'()&$@=;:+,? -]",
  dotSegments: false,
  leadingSlash: false,
  trailingSlash: false,
  doubleSlash: false,
  caseSensitive: true,
  unicodeForms: "distinct",
  objectBesideFolder: true,
  reserved: undefined,
};

const key = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
  fc
    .array(fc.constantFrom("/", ".", "..", "=", "=2F", "=2f", "%", "%41", "a", "é", "🎉", "/"), {
      minLength: 1,
      maxLength: 10,
    })
    .map((parts) => parts.join("")),
);
const prefix = fc.constantFrom("", "audio/", "a=/", "x");

describe("keyMapping", () => {
  test("S19 the source's key comes back from the target's, for any key and prefixes", () => {
    fc.assert(
      fc.property(key, prefix, prefix, fc.boolean(), (name, stripPrefix, addPrefix, strict) => {
        const mapping = keyMapping({ stripPrefix, addPrefix, escapeFor: strict ? STRICT : undefined });
        const mapped = mapping.toTarget(stripPrefix + name);
        expect(mapped).toBeDefined();
        expect(mapping.toSource(mapped ?? "")).toBe(stripPrefix + name);
      }),
      { numRuns: 2000 },
    );
  });

  test("S19 an escaped key fits the rules it was escaped for", () => {
    fc.assert(
      fc.property(key, fc.constantFrom("", "audio/"), (name, addPrefix) => {
        const mapped = keyMapping({ addPrefix, escapeFor: STRICT }).toTarget(name);
        expect(keyProblem(mapped, STRICT)).toBeUndefined();
      }),
      { numRuns: 2000 },
    );
  });

  test("a key of the target that the mapping would not have written is nobody's", () => {
    const mapping = keyMapping({ addPrefix: "a/", escapeFor: STRICT });
    fc.assert(
      fc.property(key, (name) => {
        const source = mapping.toSource(`a/${name}`);
        expect(source === undefined ? `a/${name}` : mapping.toTarget(source)).toBe(`a/${name}`);
      }),
      { numRuns: 2000 },
    );
    expect(mapping.toSource("a/=2f")).toBeUndefined();
    expect(mapping.toSource("a/=41")).toBeUndefined();
    expect(mapping.toSource("b/x")).toBeUndefined();
    expect(mapping.toSource("a/")).toBeUndefined();
  });

  test("escapes read like this", () => {
    const mapping = keyMapping({ escapeFor: STRICT });
    expect(mapping.toTarget("a#b/é=/../c")).toBe("a=23b/=C3=A9=3D/=2E=2E/c");
    expect(mapping.toTarget("/a//b/")).toBe("=2Fa/=2Fb=2F");
    expect(mapping.toTarget("plain/name (1).png")).toBe("plain/name (1).png");
  });

  test("a key outside the stripped prefix is not covered", () => {
    const mapping = keyMapping({ stripPrefix: "img/" });
    expect([mapping.toTarget("img2/a"), mapping.toTarget("img/"), mapping.toTarget("img/a")]).toEqual([
      undefined,
      undefined,
      "a",
    ]);
  });

  test("rules without the mark itself cannot be escaped for, and that is said at once", () => {
    expect(() => keyMapping({ escapeFor: { ...STRICT, charset: "[a-z]" } })).toThrow("which lacks =");
  });
});
