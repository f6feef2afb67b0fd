import { expect, it } from "vitest";
import { withSteadyHeap } from "./steady-heap.ts";

/** More than the heap may grow by, in values that are old when they are dropped. */
const manyValues = (): object[] => Array.from({ length: 400_000 }, (_, index) => ({ key: `${index}`, size: index }));

it("L9 values that grew old and were dropped are collected while the work goes on", async () => {
  await withSteadyHeap(async () => {
    const dropped = new WeakRef(manyValues());
    // Nothing is allocated meanwhile, so V8 by itself sees no reason to look.
    await expect.poll(() => dropped.deref() === undefined, { interval: 100 }).toBe(true);
  });
});
