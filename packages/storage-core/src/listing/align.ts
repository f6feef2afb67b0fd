import { StorageError } from "../errors/storage-error.ts";
import { compareKeys } from "./compare-keys.ts";

interface Keyed {
  readonly key: string;
}

export type Aligned<Source extends Keyed, Target extends Keyed> =
  | { readonly kind: "sourceOnly"; readonly key: string; readonly source: Source }
  | { readonly kind: "targetOnly"; readonly key: string; readonly target: Target }
  | { readonly kind: "both"; readonly key: string; readonly source: Source; readonly target: Target };

/**
 * Walks two listings in lock step and says of each key on which side it is. Both have to be in the order of `compareKeys`,
 * without twins; so only one entry a side is held, however long they are.
 * @throws InvalidArgument when a side is not sorted: going on would report keys as missing that are there
 */
export async function* align<Source extends Keyed, Target extends Keyed>(
  sources: AsyncIterable<Source>,
  targets: AsyncIterable<Target>,
): AsyncGenerator<Aligned<Source, Target>, void, undefined> {
  const source = new SortedCursor(sources, "source");
  const target = new SortedCursor(targets, "target");
  try {
    await Promise.all([source.advance(), target.advance()]);
    for (;;) {
      const left = source.entry;
      const right = target.entry;
      if (left !== undefined && (right === undefined || compareKeys(left.key, right.key) < 0)) {
        yield { kind: "sourceOnly", key: left.key, source: left };
        await source.advance();
      } else if (left !== undefined && right !== undefined && left.key === right.key) {
        yield { kind: "both", key: left.key, source: left, target: right };
        await Promise.all([source.advance(), target.advance()]);
      } else if (right !== undefined) {
        yield { kind: "targetOnly", key: right.key, target: right };
        await target.advance();
      } else {
        return;
      }
    }
  } finally {
    await Promise.allSettled([source.close(), target.close()]);
  }
}

/** One side, of which only the entry at hand is held. */
class SortedCursor<Entry extends Keyed> {
  entry: Entry | undefined;
  readonly #iterator: AsyncIterator<Entry>;
  readonly #side: string;
  #ended = false;

  constructor(entries: AsyncIterable<Entry>, side: string) {
    this.#iterator = entries[Symbol.asyncIterator]();
    this.#side = side;
  }

  async advance(): Promise<void> {
    const before = this.entry;
    const step = await this.#iterator.next();
    this.#ended = step.done === true;
    this.entry = step.done === true ? undefined : step.value;
    if (before === undefined || this.entry === undefined || compareKeys(before.key, this.entry.key) < 0) return;
    throw new StorageError(
      "InvalidArgument",
      `the ${this.#side}'s listing is not in UTF-8 byte order: ${JSON.stringify(this.entry.key)} came after ` +
        `${JSON.stringify(before.key)}. Sort it first; only providers with capabilities.list.ordered list in order`,
      { key: this.entry.key },
    );
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#iterator.return?.();
  }
}
