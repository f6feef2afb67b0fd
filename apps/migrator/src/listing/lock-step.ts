import { compareKeys } from "@bucketferry/storage-core";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";

/** Items of one side in key order, page by page; `name` says which side it is when it is not in order. */
export interface SortedSide<T> {
  readonly name: string;
  readonly pages: AsyncIterable<readonly T[]>;
  readonly keyOf: (item: T) => string;
}

/** One key, and what each side has under it. */
export interface Step<A, B, C = never, D = never> {
  readonly key: string;
  readonly a: A | undefined;
  readonly b: B | undefined;
  readonly c: C | undefined;
  readonly d: D | undefined;
}

/**
 * Walks two to four sorted sides at once and gives one step for every key that any of them has, many steps at a time. One
 * page of each side is in memory. A key that a side gives twice in a row, as listings do while others write, counts once (S16).
 *
 * Steps come in arrays because waiting costs more than merging: a thousand objects take one `await` and not a thousand.
 *
 * @throws CommandError when a side is not in the order of UTF-8 bytes: nothing that follows could be trusted
 */
export async function* lockStepPages<A, B, C = never, D = never>(
  a: SortedSide<A>,
  b: SortedSide<B>,
  c: SortedSide<C> = nothing(),
  d: SortedSide<D> = nothing(),
): AsyncGenerator<readonly Step<A, B, C, D>[], void, undefined> {
  const [ca, cb, cc, cd] = [cursorOf(a), cursorOf(b), cursorOf(c), cursorOf(d)];
  const cursors = [ca, cb, cc, cd];
  const refill = (): Promise<unknown> =>
    // Together: each page may be a request of its own.
    Promise.all(cursors.filter((cursor) => cursor.isDry).map((cursor) => cursor.fill()));
  try {
    await refill();
    let steps: Step<A, B, C, D>[] = [];
    for (;;) {
      let key: string | undefined;
      for (const cursor of cursors) {
        if (cursor.key === undefined || cursor.key === key) continue;
        if (key === undefined || compareKeys(cursor.key, key) < 0) key = cursor.key;
      }
      if (key === undefined) break;
      steps.push({
        key,
        a: ca.key === key ? ca.item : undefined,
        b: cb.key === key ? cb.item : undefined,
        c: cc.key === key ? cc.item : undefined,
        d: cd.key === key ? cd.item : undefined,
      });
      let dry = false;
      for (const cursor of cursors) {
        if (cursor.key !== key) continue;
        cursor.advance();
        dry ||= cursor.isDry;
      }
      if (!dry) continue;
      yield steps;
      steps = [];
      await refill();
    }
    if (steps.length > 0) yield steps;
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.end()));
  }
}

/** The same, step by step. */
export async function* lockStep<A, B, C = never>(
  a: SortedSide<A>,
  b: SortedSide<B>,
  c?: SortedSide<C>,
): AsyncGenerator<Step<A, B, C>, void, undefined> {
  for await (const steps of lockStepPages(a, b, c)) yield* steps;
}

/** A side with nothing on it. */
function nothing<T>(): SortedSide<T> {
  const end = { next: (): Promise<IteratorResult<readonly T[]>> => Promise.resolve({ done: true, value: undefined }) };
  return { name: "nothing", pages: { [Symbol.asyncIterator]: () => end }, keyOf: () => "" };
}

interface Cursor<T> {
  /** Undefined when the cursor is dry, or the side has ended. */
  key: string | undefined;
  item: T | undefined;
  /** The page is used up, and nobody knows yet whether there is another one. */
  isDry: boolean;
  /** To the next item of the page at hand. */
  advance(): void;
  /** To the first item of the next page that has a new one. */
  fill(): Promise<void>;
  end(): Promise<void>;
}

function cursorOf<T>({ name, pages, keyOf }: SortedSide<T>): Cursor<T> {
  const iterator = pages[Symbol.asyncIterator]();
  let page: readonly T[] = [];
  let index = 0;
  let before: string | undefined;
  const cursor: Cursor<T> = {
    key: undefined,
    item: undefined,
    isDry: true,
    advance() {
      while (index < page.length) {
        const item = page[index++] as T;
        const key = keyOf(item);
        const order = before === undefined ? 1 : compareKeys(key, before);
        if (order === 0) continue;
        if (order < 0) throw outOfOrder(name, before ?? "", key);
        before = key;
        cursor.key = key;
        cursor.item = item;
        return;
      }
      cursor.key = undefined;
      cursor.item = undefined;
      cursor.isDry = true;
    },
    async fill() {
      while (cursor.isDry) {
        const next = await iterator.next();
        cursor.isDry = false;
        if (next.done === true) return;
        page = next.value;
        index = 0;
        cursor.advance();
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
