import { compareKeys } from "../listing/compare-keys.ts";

/** A block is split in two when it grows beyond this; half of it is what an insertion moves on average. */
const MAX_BLOCK = 1024;

/**
 * Keys in UTF-8 byte order, in blocks: adding, removing and finding a place cost a binary search and a move within one
 * block, so a hundred thousand keys can be paged through without ever being sorted as a whole.
 */
export class SortedKeys {
  /** None is empty, but for the first of an empty list. */
  readonly #blocks: string[][] = [[]];

  add(key: string): void {
    const place = this.#place((other) => compareKeys(other, key) >= 0);
    const block = this.#blocks[place.block] ?? [];
    if (block[place.index] === key) return;
    block.splice(place.index, 0, key);
    if (block.length > MAX_BLOCK) this.#blocks.splice(place.block + 1, 0, block.splice(MAX_BLOCK / 2));
  }

  delete(key: string): void {
    const place = this.#place((other) => compareKeys(other, key) >= 0);
    const block = this.#blocks[place.block];
    if (block?.[place.index] !== key) return;
    block.splice(place.index, 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(place.block, 1);
  }

  /** The first key for which `reached` holds; it has to hold for all keys behind that one too. */
  first(reached: (key: string) => boolean): string | undefined {
    const { block, index } = this.#place(reached);
    return this.#blocks[block]?.[index];
  }

  /** Where the first key stands for which `reached` holds; behind the last key of the last block when there is none. */
  #place(reached: (key: string) => boolean): { readonly block: number; readonly index: number } {
    const last = this.#blocks.length - 1;
    const block = firstIndex(last, (at) => reached(this.#blocks[at]?.at(-1) ?? ""));
    const keys = this.#blocks[block] ?? [];
    return { block, index: firstIndex(keys.length, (at) => reached(keys[at] ?? "")) };
  }
}

/** The lowest index below `end` for which `holds`, or `end`. */
function firstIndex(end: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
