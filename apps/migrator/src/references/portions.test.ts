import { expect, test } from "vitest";
import { portions } from "./portions.ts";

test("portions hold all there is, in order, and the last one what is left", () => {
  expect([...portions([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...portions([1, 2], 2)]).toEqual([[1, 2]]);
  expect([...portions([], 2)]).toEqual([]);
});

test("nothing is taken before it is asked for", () => {
  const taken: number[] = [];
  function* source(): Generator<number> {
    for (let one = 1; one <= 4; one += 1) {
      taken.push(one);
      yield one;
    }
  }
  const each = portions(source(), 2);
  expect(taken).toEqual([]);
  each.next();
  expect(taken).toEqual([1, 2]);
});
