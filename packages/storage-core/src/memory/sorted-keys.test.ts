import fc from "fast-check";
import { expect, test } from "vitest";
import { compareKeys } from "../listing/compare-keys.ts";
import { SortedKeys } from "./sorted-keys.ts";

function keysOf(sorted: SortedKeys): string[] {
  const keys: string[] = [];
  let key = sorted.first(() => true);
  while (key !== undefined) {
    keys.push(key);
    const last = key;
    key = sorted.first((other) => compareKeys(other, last) > 0);
  }
  return keys;
}

test("keys stay in order through any additions and removals", () => {
  const step = fc.record({ add: fc.boolean(), key: fc.string({ unit: "grapheme", maxLength: 2 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sorted = new SortedKeys();
      const expected = new Set<string>();
      for (const { add, key } of steps) {
        if (add) sorted.add(key);
        else sorted.delete(key);
        if (add) expected.add(key);
        else expected.delete(key);
      }
      expect(keysOf(sorted)).toEqual([...expected].toSorted(compareKeys));
    }),
  );
});

test("keys stay in order across many blocks, filled and emptied out of order", () => {
  const sorted = new SortedKeys();
  const keys = Array.from({ length: 5000 }, (_, index) => String((index * 7919) % 5000).padStart(4, "0"));
  for (const key of keys) sorted.add(key);
  for (const key of keys.filter((_, index) => index % 3 !== 0)) sorted.delete(key);
  const left = keys.filter((_, index) => index % 3 === 0).toSorted();
  expect(keysOf(sorted)).toEqual(left);
});
