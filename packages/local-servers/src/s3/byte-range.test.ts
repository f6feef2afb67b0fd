import { expect, it } from "vitest";
import { parseRange } from "./byte-range.ts";

it.each([
  ["bytes=0-0", 10, { start: 0, end: 1 }],
  ["bytes=2-5", 10, { start: 2, end: 6 }],
  ["bytes=2-", 10, { start: 2, end: 10 }],
  ["bytes=9-100", 10, { start: 9, end: 10 }],
  ["bytes=-3", 10, { start: 7, end: 10 }],
  ["bytes=-30", 10, { start: 0, end: 10 }],
  ["BYTES=0-1", 10, { start: 0, end: 2 }],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=10-11", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
  ["bytes=5-4", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=0-1,3-4", 10, undefined],
  ["items=0-1", 10, undefined],
  ["bytes=a-b", 10, undefined],
  [undefined, 10, undefined],
])("%s of %i bytes is %o", (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});
