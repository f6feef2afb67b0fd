import { compareUtf8 } from "./utf8-order.ts";

/** Long enough that the list of runs stays short, short enough that an insertion moves little memory. */
const LONGEST_RUN = 512;

/** A set of keys in UTF-8 byte order. Adding, deleting and seeking cost O(log n) comparisons. */
export interface SortedKeys {
  readonly size: number;
  add(key: string): void;
  delete(key: string): void;
  /**
   * Keys from the first one for which `isBefore` is false, in order. `isBefore` has to be true for a leading run of the
   * order and false for the rest. The set must not change while it is iterated.
   */
  from(isBefore: (key: string) => boolean): Generator<string, void, void>;
}

/** Runs of up to LONGEST_RUN sorted keys, themselves in order; no run is empty. */
export function sortedKeys(): SortedKeys {
  const runs: string[][] = [];
  let size = 0;

  const runOf = (isBefore: (key: string) => boolean): number =>
    firstWhere(runs.length, (index) => {
      const last = runs[index]?.at(-1);
      return last !== undefined && !isBefore(last);
    });

  return {
    get size() {
      return size;
    },

    add(key) {
      const isBefore = (other: string): boolean => compareUtf8(other, key) < 0;
      const index = Math.min(runOf(isBefore), runs.length - 1);
      const run = runs[index];
      if (run === undefined) {
        runs.push([key]);
        size += 1;
        return;
      }
      const position = firstNotBefore(run, isBefore);
      if (run[position] === key) return;
      run.splice(position, 0, key);
      size += 1;
      if (run.length > LONGEST_RUN) runs.splice(index + 1, 0, run.splice(LONGEST_RUN / 2));
    },

    delete(key) {
      const isBefore = (other: string): boolean => compareUtf8(other, key) < 0;
      const index = runOf(isBefore);
      const run = runs[index];
      if (run === undefined) return;
      const position = firstNotBefore(run, isBefore);
      if (run[position] !== key) return;
      run.splice(position, 1);
      size -= 1;
      if (run.length === 0) runs.splice(index, 1);
    },

    *from(isBefore) {
      for (let index = runOf(isBefore); index < runs.length; index += 1) {
        const run = runs[index] ?? [];
        for (let position = firstNotBefore(run, isBefore); position < run.length; position += 1) {
          const key = run[position];
          if (key !== undefined) yield key;
        }
      }
    },
  };
}

function firstNotBefore(run: readonly string[], isBefore: (key: string) => boolean): number {
  return firstWhere(run.length, (index) => {
    const key = run[index];
    return key !== undefined && !isBefore(key);
  });
}

/** The first of `count` indexes that holds; `holds` is false up to some index and true from there on. */
function firstWhere(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
