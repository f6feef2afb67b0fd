import type { ObjectRecord } from "@bucketferry/ledger";
import type { Shard } from "./child-messages.ts";

/** Objects in shards, for whoever is free. */
export interface ShardQueue {
  /** The next shard; undefined when there is none, or when nothing new shall begin. */
  next(): Promise<Shard | undefined>;
  /** Objects of somebody who did not get to them; they are given out first. */
  giveBack(objects: Shard): void;
  /** The lister may stop. */
  close(): Promise<void>;
}

/** Few enough to be spread evenly at the end, many enough that nobody waits for messages. */
const SHARD_OBJECTS = 256;
/** Large objects are handed out one by one, or one process would have the work of all. */
const SHARD_BYTES = 64 * 1024 * 1024;

export function shardQueue(objects: AsyncIterable<ObjectRecord>, drain: AbortSignal): ShardQueue {
  const iterator = objects[Symbol.asyncIterator]();
  const returned: ObjectRecord[] = [];
  let turn: Promise<unknown> = Promise.resolve();

  const take = async (): Promise<Shard | undefined> => {
    if (drain.aborted) return undefined;
    if (returned.length > 0) return returned.splice(0, SHARD_OBJECTS);
    const shard: ObjectRecord[] = [];
    let bytes = 0;
    while (shard.length < SHARD_OBJECTS && bytes < SHARD_BYTES) {
      const step = await iterator.next();
      if (step.done === true) break;
      shard.push(step.value);
      bytes += step.value.size;
    }
    return shard.length === 0 ? undefined : shard;
  };

  return {
    next() {
      // One at a time: a lister reads one page at a time.
      const shard = turn.then(take);
      turn = shard.catch(() => undefined);
      return shard;
    },
    giveBack(objects) {
      returned.push(...objects);
    },
    async close() {
      await iterator.return?.();
    },
  };
}
