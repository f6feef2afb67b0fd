import type { ObjectEntry } from "@bucketferry/storage-core";

const ROWS_AT_ONCE = 1_000;

interface Row {
  readonly key: string;
  readonly size: number;
  readonly etag: string | null;
  readonly modified: number | null;
  readonly content_type: string | null;
  readonly cache_control: string | null;
  readonly archived: string | null;
}

/**
 * The same entries in the order of their keys' UTF-8 bytes, each key once. They go through a temporary file that SQLite
 * deletes by itself, so memory does not grow with their number; nothing comes out before the last one went in.
 */
export async function* sortOnDisk(
  pages: AsyncIterable<readonly ObjectEntry[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectEntry[], void, undefined> {
  const { default: Database } = await import("better-sqlite3");
  // An empty name is a temporary file: https://sqlite.org/inmemorydb.html#temp_db
  const db = new Database("");
  try {
    db.pragma("journal_mode = off");
    db.exec(
      "create table entries (key text primary key, size integer, etag text, modified integer, content_type text, cache_control text, archived text) without rowid",
    );
    const insert = db.prepare("insert or replace into entries values (?, ?, ?, ?, ?, ?, ?)");
    db.exec("begin");
    for await (const page of pages) {
      signal.throwIfAborted();
      for (const { key, size, etag, lastModified, contentType, cacheControl, archived } of page) {
        insert.run(
          key,
          size,
          etag ?? null,
          lastModified?.getTime() ?? null,
          contentType ?? null,
          cacheControl ?? null,
          archived ?? null,
        );
      }
    }
    db.exec("commit");

    const select = db.prepare<[string, number], Row>("select * from entries where key > ? order by key limit ?");
    let after = "";
    for (;;) {
      signal.throwIfAborted();
      const rows = select.all(after, ROWS_AT_ONCE);
      yield rows.map(entryOf);
      if (rows.length < ROWS_AT_ONCE) return;
      after = rows.at(-1)?.key ?? after;
    }
  } finally {
    db.close();
  }
}

function entryOf(row: Row): ObjectEntry {
  return {
    type: "object",
    key: row.key,
    size: row.size,
    etag: row.etag ?? undefined,
    lastModified: row.modified === null ? undefined : new Date(row.modified),
    contentType: row.content_type ?? undefined,
    cacheControl: row.cache_control ?? undefined,
    archived: row.archived ?? undefined,
  };
}
