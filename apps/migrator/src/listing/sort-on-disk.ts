import type { ObjectEntry } from "@bucketferry/storage-core";

const ROWS_AT_ONCE = 1_000;

interface Row {
  readonly key: string;
  readonly size: number;
  readonly etag: string | null;
  readonly modified: number | null;
}

/**
 * The same entries in the order of their keys' UTF-8 bytes, each key once. They go through a temporary file that SQLite
 * deletes by itself, so memory does not grow with their number; nothing comes out before the last one went in.
 */
export async function* sortOnDisk(
  entries: AsyncIterable<ObjectEntry>,
  signal: AbortSignal,
): AsyncGenerator<ObjectEntry> {
  const { default: Database } = await import("better-sqlite3");
  // An empty name is a temporary file: https://sqlite.org/inmemorydb.html#temp_db
  const db = new Database("");
  try {
    db.pragma("journal_mode = off");
    db.exec("create table entries (key text primary key, size integer, etag text, modified integer) without rowid");
    const insert = db.prepare("insert or replace into entries values (?, ?, ?, ?)");
    db.exec("begin");
    for await (const entry of entries) {
      signal.throwIfAborted();
      insert.run(entry.key, entry.size, entry.etag ?? null, entry.lastModified?.getTime() ?? null);
    }
    db.exec("commit");

    const page = db.prepare<[string, number], Row>("select * from entries where key > ? order by key limit ?");
    let after = "";
    for (;;) {
      signal.throwIfAborted();
      const rows = page.all(after, ROWS_AT_ONCE);
      for (const row of rows) {
        yield {
          type: "object",
          key: row.key,
          size: row.size,
          etag: row.etag ?? undefined,
          lastModified: row.modified === null ? undefined : new Date(row.modified),
        };
      }
      if (rows.length < ROWS_AT_ONCE) return;
      after = rows.at(-1)?.key ?? after;
    }
  } finally {
    db.close();
  }
}
