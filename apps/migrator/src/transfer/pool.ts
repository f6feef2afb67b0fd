export interface PoolOptions {
  /** How many items at once; asked again before each item, so it may change while the pool runs. 0: nothing new for now. */
  readonly concurrency: () => number;
  /** Calls the listener whenever `concurrency` may have changed; answers with what takes the listener away. */
  readonly onChange?: ((listener: () => void) => () => void) | undefined;
  /** No new item is begun once it is aborted; those under way end as they like. */
  readonly drain: AbortSignal;
}

/**
 * Works on items as they come: the next one is asked for only when somebody is free for it, so a slow worker slows the
 * lister down. Resolves when everything that was begun has ended. The first rejection stops the taking of new items, and is
 * what the pool rejects with.
 */
export async function pool<T>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<void>,
  { concurrency, onChange, drain }: PoolOptions,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let busy = 0;
  let wake = (): void => undefined;
  let failure: { readonly error: unknown } | undefined;

  const begin = async (item: T): Promise<void> => {
    busy++;
    try {
      await work(item);
    } catch (error) {
      failure ??= { error };
    } finally {
      busy--;
      wake();
    }
  };
  const news = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const goesOn = (): boolean => failure === undefined && !drain.aborted;
  const onNews = (): void => wake();
  const forgetChanges = onChange?.(onNews);
  drain.addEventListener("abort", onNews);

  try {
    while (goesOn()) {
      while (goesOn() && busy >= concurrency()) await news();
      if (!goesOn()) break;
      const next = await iterator.next();
      if (next.done === true) break;
      void begin(next.value);
    }
  } catch (error) {
    failure ??= { error };
  } finally {
    while (busy > 0) await news();
    forgetChanges?.();
    drain.removeEventListener("abort", onNews);
    await iterator.return?.();
  }
  if (failure !== undefined) throw failure.error;
}
