import { setImmediate } from "node:timers/promises";

/** Rows that the server deletes in one transaction: between two of them, others get their turn. */
const BATCH = 500;

export async function inBatches<Item>(items: readonly Item[], act: (item: Item) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % BATCH === 0) await setImmediate();
    act(item);
  }
}
