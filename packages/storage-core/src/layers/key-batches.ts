import { abortable } from "../kit/abortable.ts";

/** Keys in arrays of at most `size`, as they come; an aborted signal ends it with its reason. */
export async function* keyBatches(
  keys: Iterable<string> | AsyncIterable<string>,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly string[], void, undefined> {
  let batch: string[] = [];
  for await (const key of abortable(keys, signal)) {
    batch.push(key);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
