/** Runs tasks of one key after each other, in the order in which they came; tasks of different keys run at the same time. */
export interface KeyedLock {
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result>;
}

export function keyedLock(): KeyedLock {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      // The next one goes on however this one ends; who started the task hears of its failure.
      const current = before.then(task, task);
      tails.set(key, current);
      try {
        return await current;
      } finally {
        if (tails.get(key) === current) tails.delete(key);
      }
    },
  };
}
