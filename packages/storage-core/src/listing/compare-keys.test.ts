import fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys } from "./compare-keys.ts";

/** The order by definition: encoded, byte by byte. */
function compareBytes(one: string, other: string): number {
  const [left, right] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

// Every border at which UTF-8 and UTF-16 could disagree.
const character = fc.constantFrom(
  "a",
  "b",
  "/",
  "0",
  "\u0000",
  "\u007f",
  "\u0080",
  "\u07ff",
  "\u0800",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{1f389}",
  "\u{10ffff}",
);
const key = fc.oneof(
  fc.array(character, { maxLength: 8 }).map((characters) => characters.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
);

test("H09 keys are ordered as their UTF-8 bytes are, for any two keys", () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      expect(Math.sign(compareKeys(one, other))).toBe(Math.sign(compareBytes(one, other)));
    }),
    { numRuns: 5000 },
  );
});

test("H09 an emoji sorts behind a private-use character, unlike in UTF-16", () => {
  expect(["\u{1f389}", "\uffff"].toSorted(compareKeys)).toEqual(["\uffff", "\u{1f389}"]);
  expect(["\u{1f389}", "\uffff"].toSorted()).toEqual(["\u{1f389}", "\uffff"]);
});
