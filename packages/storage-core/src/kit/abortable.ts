import { AbortRace } from "./abort-race.ts";

/** The items of `source`; throws the signal's reason as soon as it is aborted, also while the source is silent. */
export async function* abortable<Item>(
  source: Iterable<Item> | AsyncIterable<Item>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Item, void, undefined> {
  if (!(Symbol.asyncIterator in source)) {
    for (const item of source) {
      signal?.throwIfAborted();
      yield item;
    }
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  const race = new AbortRace(signal, () => undefined);
  let waiting = false;
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      waiting = true;
      const step = await race.wait(iterator.next());
      waiting = false;
      if (step.done === true) {
        ended = true;
        return;
      }
      yield step.value;
    }
  } finally {
    race.release();
    if (!ended) {
      const closed = iterator.return?.();
      // A generator runs its `return` only after the `next` it is in, which may never come back.
      if (waiting) closed?.then(undefined, () => undefined);
      else await closed;
    }
  }
}
