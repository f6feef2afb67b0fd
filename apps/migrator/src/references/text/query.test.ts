import fc from "fast-check";
import { expect, test } from "vitest";
import { droppedParts } from "./query.ts";

function without(tail: string, dropAll = false): string {
  let text = tail;
  for (const { start, end } of droppedParts(tail, dropAll).toReversed()) text = text.slice(0, start) + text.slice(end);
  return text;
}

test.each([
  ["", ""],
  ["?v=1", "?v=1"],
  ["?token=x", ""],
  ["?token=x#f", "#f"],
  ["?token=x&v=1", "?v=1"],
  ["?v=1&token=x", "?v=1"],
  ["?v=1&token=x&w=2", "?v=1&w=2"],
  ["?token=x&download=&v=1&width=3&height=4#f", "?v=1#f"],
  ["?X-Amz-Signature=x&x-amz-date=y", ""],
  ["?response-content-type=x&a", "?a"],
  ["?a&&b", "?a&&b"],
  ["?", "?"],
  ["#?token=x", "#?token=x"],
])("D13: of %j stays %j", (tail, kept) => {
  expect(without(tail)).toBe(kept);
});

test("D13: without any query the fragment stays", () => {
  expect(without("?a=1&b=2#c", true)).toBe("#c");
});

test("what stays is what was there, in its order, for any query", () => {
  const name = fc.constantFrom("token", "v", "width", "w", "", "download", "tokens");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat(9)), { minLength: 1, maxLength: 8 }), (pairs) => {
      const query = pairs.map(([key, value]) => `${key}=${value}`);
      const kept = query.filter((pair) => !/^(?:token|width|download)=/.test(pair));
      expect(without(`?${query.join("&")}`)).toBe(kept.length === 0 ? "" : `?${kept.join("&")}`);
    }),
  );
});
