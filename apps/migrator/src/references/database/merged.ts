/**
 * What several generators yield, as it comes. Each is asked for its next item before the last one is given out, so they work
 * while the consumer does. Whatever happens, all of them are ended.
 */
export async function* merged<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const waiting = new Map<AsyncGenerator<T>, Promise<Arrival<T>>>();
  const ask = (source: AsyncGenerator<T>): void => {
    const arrival = source.next().then((result) => ({ source, result }));
    // Whoever waits for it hears of its failure; nobody may, when another fails first.
    arrival.catch(() => undefined);
    waiting.set(source, arrival);
  };
  sources.forEach(ask);
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done === true) {
        waiting.delete(source);
        continue;
      }
      ask(source);
      yield result.value;
    }
  } finally {
    await Promise.allSettled(sources.map((source) => source.return(undefined)));
  }
}

interface Arrival<T> {
  readonly source: AsyncGenerator<T>;
  readonly result: IteratorResult<T>;
}
