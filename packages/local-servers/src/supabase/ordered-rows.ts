import { compareUtf8 } from "../store/index.ts";
import type { BucketRow, ObjectRow, Rows } from "./rows.ts";

/** The rows of a bucket in one order, as an index of the database gives them. */
export interface OrderedRows {
  /** What the order goes by, of a key or of a prefix. */
  fold(text: string): string;
  /** Rows whose key starts with `prefix` and is not before `from`. */
  ascending(prefix: string, from: string): Iterable<ObjectRow>;
  /** Rows whose key starts with `prefix` and is before `before` (undefined: all of them), backwards. */
  descending(prefix: string, before: string | undefined): Iterable<ObjectRow>;
}

export function rowsByName(bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): OrderedRows {
  return withDescending((key) => key, ascending);

  function* ascending(prefix: string, from: string): Generator<ObjectRow> {
    const first = from.startsWith(prefix) ? bucket.object(from) : undefined;
    if (first !== undefined && isVisible(first)) yield first;
    for (const row of bucket.objects({ prefix, after: from })) if (isVisible(row)) yield row;
  }
}

export function rowsByFoldedName(rows: Rows, bucket: BucketRow, isVisible: (row: ObjectRow) => boolean): OrderedRows {
  const fold = (text: string): string => text.toLowerCase();
  return withDescending(fold, ascending);

  function* ascending(prefix: string, from: string): Generator<ObjectRow> {
    const start = compareUtf8(from, fold(prefix)) < 0 ? fold(prefix) : from;
    for (const key of rows.folded(bucket).from(start)) {
      if (!fold(key).startsWith(fold(prefix))) return;
      const row = bucket.object(key);
      if (row !== undefined && isVisible(row)) yield row;
    }
  }
}

/** Backwards is the rare direction, so it has no index of its own: it reads the range forwards first. */
function withDescending(fold: OrderedRows["fold"], ascending: OrderedRows["ascending"]): OrderedRows {
  return {
    fold,
    ascending,
    descending(prefix, before) {
      const range: ObjectRow[] = [];
      for (const row of ascending(prefix, prefix)) {
        if (before !== undefined && compareUtf8(fold(row.key), before) >= 0) break;
        range.push(row);
      }
      return range.reverse();
    },
  };
}
