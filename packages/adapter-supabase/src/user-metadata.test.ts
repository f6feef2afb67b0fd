import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_METADATA_BYTES, metadataHeader, metadataJson, metadataOf } from "./user-metadata.ts";

const name = fc.string({ unit: fc.constantFrom(..."abz09_.-$'".split("")), minLength: 1, maxLength: 12 });

describe("user metadata", () => {
  it("comes back as it was sent, whatever its values hold", () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.string({ unit: "grapheme", maxLength: 60 }), { maxKeys: 8 }), (metadata) => {
        const sent: unknown = JSON.parse(Buffer.from(metadataHeader(metadata), "base64").toString("utf8"));
        expect(metadataOf(sent as Record<string, unknown>)).toEqual({ ...metadata });
      }),
    );
  });

  it("is an empty object when there is none, since leaving it out keeps the old one in some routes", () => {
    expect(metadataHeader(undefined)).toBe(Buffer.from("{}").toString("base64"));
  });

  it("of other writers gets lower-case names and values as text, and loses nothing", () => {
    const stored = {
      "Some-Key": "a",
      "some-key": "b",
      "SOME-KEY": "c",
      upper_Case: 5,
      nested: { a: [1] },
      none: null,
      yes: true,
    };
    expect(metadataOf(stored)).toEqual({
      "some-key": "b",
      "some-key-2": "a",
      "some-key-3": "c",
      upper_case: "5",
      nested: '{"a":[1]}',
      none: "null",
      yes: "true",
    });
  });

  it("keeps a name that objects have by themselves", () => {
    const stored = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, unknown>;
    expect(Object.entries(metadataOf(stored))).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it("of the declared size fits into the header, and what its JSON swells beyond it is TooLarge", () => {
    expect(() => metadataJson({ a: "x".repeat(MAX_METADATA_BYTES - 1) })).not.toThrow();
    expect(() => metadataJson({ a: "\u0001".repeat(2000) })).toThrow(expect.objectContaining({ code: "TooLarge" }));
  });
});
