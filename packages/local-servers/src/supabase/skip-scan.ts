import type { OrderedRows } from "./ordered-rows.ts";
import type { ObjectRow } from "./rows.ts";

export type LevelEntry =
  | { readonly kind: "file"; readonly row: ObjectRow }
  /** `path` ends with the slash; `first` is the row that showed the folder. */
  | { readonly kind: "folder"; readonly path: string; readonly first: ObjectRow };

export interface LevelScan {
  readonly prefix: string;
  readonly descending: boolean;
  /** Where to start, in the folded form; undefined: at the beginning. */
  readonly seek: string | undefined;
  /** How many rows one look into the index brings. */
  readonly batchSize: number;
}

const DELIMITER = "/";
/** The character after the delimiter: everything in the folder `a/` sorts before `a0`. */
const AFTER_DELIMITER = "0";

/** Rows that one look brings for a page of this size. */
export function batchSizeFor(limit: number): number {
  return Math.min(Math.max(limit * 2, 100), 1000);
}

/**
 * One level of the tree of names, in the order and with the defect of the real server's database function: it jumps over
 * folders, reads files in batches, and after the last file `K` of a batch goes on at `K/`. So keys that continue `K` with
 * a character below the slash (space, `!`, `-`, `.` and others) are lost there; and backwards, the row that ended a batch
 * because it is in a folder is passed over. https://github.com/supabase/storage, migrations, `list_objects_with_delimiter`
 */
export function* scanLevel(rows: OrderedRows, scan: LevelScan): Generator<LevelEntry, void, void> {
  const { prefix, descending, batchSize } = scan;
  const prefixLength = prefix.length;
  let seek = scan.seek ?? firstSeek(rows, scan);
  if (seek === undefined) return;

  const from = (place: string): Iterable<ObjectRow> =>
    descending ? rows.descending(prefix, place) : rows.ascending(prefix, place);

  for (;;) {
    const [peeked] = from(seek);
    if (peeked === undefined) return;
    const path = commonPath(peeked.key, prefixLength);
    if (path !== undefined) {
      yield { kind: "folder", path, first: peeked };
      const folded = rows.fold(path);
      seek = descending ? folded : folded.slice(0, -1) + AFTER_DELIMITER;
      continue;
    }
    let read = 0;
    for (const row of from(seek)) {
      if (read === batchSize) break;
      read += 1;
      const key = rows.fold(row.key);
      if (commonPath(key, prefixLength) !== undefined) {
        seek = key;
        break;
      }
      yield { kind: "file", row };
      seek = descending ? key : key + DELIMITER;
    }
  }
}

/** The key up to the first slash behind the prefix, with it; undefined when there is none. */
export function commonPath(key: string, prefixLength: number): string | undefined {
  const end = key.indexOf(DELIMITER, prefixLength);
  return end === -1 ? undefined : key.slice(0, end + 1);
}

function firstSeek(rows: OrderedRows, scan: LevelScan): string | undefined {
  if (!scan.descending) return rows.fold(scan.prefix);
  const [last] = rows.descending(scan.prefix, undefined);
  return last === undefined ? undefined : rows.fold(last.key) + DELIMITER;
}
