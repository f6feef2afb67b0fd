import { expect, test } from "vitest";
import { CASE_LEVELS } from "../../src/conformance/case.ts";
import { CONFORMANCE_CASES } from "../../src/conformance/suite.ts";

/** How many cases each section of the contract has. */
const SECTIONS = {
  A: 30,
  B: 20,
  C: 15,
  D: 11,
  E: 13,
  F: 10,
  G: 13,
  H: 20,
  I: 14,
  J: 18,
  K: 13,
  L: 15,
  M: 10,
  N: 13,
  X: 6,
} as const;

test("the suite has all 221 cases, A01–A30 to X01–X06, each once and in order", () => {
  const expected = Object.entries(SECTIONS).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}${String(index + 1).padStart(2, "0")}`),
  );
  expect(expected.length).toBe(221);
  expect(CONFORMANCE_CASES.map(({ id }) => id)).toEqual(expected);
});

test("every case has a level, and a title of its own that is a sentence", () => {
  const titles = CONFORMANCE_CASES.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
  expect(titles.filter((title) => title.split(" ").length < 3)).toEqual([]);
  for (const { level } of CONFORMANCE_CASES) expect(CASE_LEVELS).toContain(level);
});

test("a case that can refuse has a need that can be missing", () => {
  const pointless = CONFORMANCE_CASES.filter((one) => one.refusal !== undefined && one.needs.length === 0);
  expect(pointless.map(({ id }) => id)).toEqual([]);
});
