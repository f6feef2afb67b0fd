import { expect, it } from "vitest";
import { interleaved } from "../measure/interleave.ts";

it("lets each contestant run once a round, in the same order, and keeps what came of each", async () => {
  const order: string[] = [];
  const results = await interleaved(2, [{ name: "a" }, { name: "b" }], async ({ name }, round) => {
    order.push(`${name}${round}`);
    return order.length;
  });
  expect(order).toEqual(["a1", "b1", "a2", "b2"]);
  expect([...results]).toEqual([
    ["a", [1, 3]],
    ["b", [2, 4]],
  ]);
});
