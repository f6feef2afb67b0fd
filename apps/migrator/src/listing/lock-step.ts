import { compareKeys } from "@bucketferry/storage-core";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** Items of one side in key order; `name` says which side it is when it is not in order. */
export interface SortedSide<T> {
  readonly name: string;
  readonly items: AsyncIterable<T>;
  readonly keyOf: (item: T) => string;
}

/**
 * Walks two or three sorted sides at once and gives one step for every key that any of them has. One item of each side is in
 * memory. A key that a side gives twice in a row, as listings do while others write, counts once (S16).
 *
 * @throws CommandError when a side is not in the order of UTF-8 bytes: nothing that follows could be trusted
 */
export async function* lockStep<A, B, C = never>(
  a: SortedSide<A>,
  b: SortedSide<B>,
  c: SortedSide<C> = nothing(),
): AsyncGenerator<{
  readonly key: string;
  readonly a: A | undefined;
  readonly b: B | undefined;
  readonly c: C | undefined;
}> {
  const cursors = [cursorOf(a), cursorOf(b), cursorOf(c)] as const;
  try {
    // Together: each first page is a request of its own.
    await Promise.all(cursors.map((cursor) => cursor.advance()));
    for (;;) {
      let key: string | undefined;
      for (const cursor of cursors) {
        if (cursor.key !== undefined && (key === undefined || compareKeys(cursor.key, key) < 0)) key = cursor.key;
      }
      if (key === undefined) return;
      const [ca, cb, cc] = cursors;
      yield {
        key,
        a: ca.key === key ? ca.item : undefined,
        b: cb.key === key ? cb.item : undefined,
        c: cc.key === key ? cc.item : undefined,
      };
      for (const cursor of cursors) if (cursor.key === key) await cursor.advance();
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.end()));
  }
}

/** A side with nothing on it. */
function nothing<T>(): SortedSide<T> {
  const end = { next: (): Promise<IteratorResult<T>> => Promise.resolve({ done: true, value: undefined }) };
  return { name: "nothing", items: { [Symbol.asyncIterator]: () => end }, keyOf: () => "" };
}

interface Cursor<T> {
  key: string | undefined;
  item: T | undefined;
  advance(): Promise<void>;
  end(): Promise<void>;
}

function cursorOf<T>(side: SortedSide<T>): Cursor<T> {
  const iterator = side.items[Symbol.asyncIterator]();
  const cursor: Cursor<T> = {
    key: undefined,
    item: undefined,
    async advance() {
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) {
          cursor.key = undefined;
          cursor.item = undefined;
          return;
        }
        const key = side.keyOf(next.value);
        const order = cursor.key === undefined ? 1 : compareKeys(key, cursor.key);
        if (order === 0) continue;
        if (order < 0) throw outOfOrder(side.name, cursor.key ?? "", key);
        cursor.key = key;
        cursor.item = next.value;
        return;
      }
    },
    async end() {
      await iterator.return?.();
    },
  };
  return cursor;
}

function outOfOrder(side: string, before: string, after: string): CommandError {
  return new CommandError(
    EXIT.unexpected,
    "ListingOutOfOrder",
    `The listing of ${side} is not in the order of UTF-8 bytes: ${JSON.stringify(after)} came after ${JSON.stringify(before)}.`,
    { hint: "Its adapter says that it is (`capabilities.list.ordered`): please report this." },
  );
}
