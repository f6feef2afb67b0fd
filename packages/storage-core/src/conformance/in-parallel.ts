/**
 * Runs the action for every item, so many at once. All that has begun is waited for before the first failure is thrown,
 * so that nothing of a failed case runs on.
 */
export async function inParallel<Item>(
  atOnce: number,
  items: Iterable<Item>,
  action: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failed = false;
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && !failed; next = queue.next()) {
      try {
        await action(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  for (const worker of await Promise.allSettled(Array.from({ length: atOnce }, work))) {
    if (worker.status === "rejected") throw worker.reason;
  }
}
