import { sortedKeys } from "../store/sorted-keys.ts";
import { compareUtf8 } from "../store/index.ts";

/** Keys in the order of their lower-case form, which the first generation of listings goes by. */
export interface FoldedNames {
  add(key: string): void;
  delete(key: string): void;
  /** Keys whose lower-case form is not before `from`, in order. */
  from(from: string): Iterable<string>;
}

/** Below every character that a key can hold, so that it does not disturb the order. */
const SEPARATOR = "\u0000";

export function foldedNames(rows: Iterable<{ readonly key: string }>): FoldedNames {
  const entries = sortedKeys();
  const entryOf = (key: string): string => `${key.toLowerCase()}${SEPARATOR}${key}`;
  for (const { key } of rows) entries.add(entryOf(key));
  return {
    add: (key) => entries.add(entryOf(key)),
    delete: (key) => entries.delete(entryOf(key)),
    *from(from) {
      for (const entry of entries.from((other) => compareUtf8(other, from) < 0)) {
        yield entry.slice(entry.indexOf(SEPARATOR) + 1);
      }
    },
  };
}
