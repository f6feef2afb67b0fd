import fc from "fast-check";
import { expect, it } from "vitest";
import { inOrder } from "./in-order.ts";

it("results come out in the order of their places, each once, whatever order they come in", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(30), { minLength: 31, maxLength: 31 }), (order) => {
      const out: number[] = [];
      const results = inOrder<number>((result) => out.push(result));
      const places = order.map(() => results.place());
      for (const number of order) places[number]?.(number);
      expect(out).toEqual([...order].sort((one, other) => one - other));
    }),
  );
});

it("there is no room while as many as the window has wait for one, and there is again when it is done", async () => {
  const out: string[] = [];
  const results = inOrder<string>((result) => out.push(result), 2);
  const first = results.place();
  expect(results.room()).toBeUndefined();
  results.place()("second");
  const room = results.room();
  expect(room).toBeInstanceOf(Promise);
  expect(out).toEqual([]);
  first("first");
  await room;
  expect(out).toEqual(["first", "second"]);
});

it("who waits for room goes on when the work is given up", async () => {
  const results = inOrder<string>(() => undefined, 1);
  results.place();
  const room = results.room();
  results.giveUp();
  await room;
  expect(results.room()).toBeUndefined();
});
