import { sql } from "kysely";
import type { AppDatabase, JournalTable } from "./app-database.ts";
import type { JournalEntry, JournalledReference } from "./journal-entry.ts";
import type { Table, TableName } from "./table.ts";

/** Ids that may belong to one page of the journal, so that a page is small whatever is in it. */
const PAGE_IDS = 500;
/** Texts of one page, if it has more than one entry. */
const PAGE_BYTES = 16 * 2 ** 20;

/** Some entries, newest first, and where the next page begins; undefined: this was the last one. */
export interface JournalPage {
  readonly entries: JournalEntry[];
  readonly nextBelow: number | undefined;
}

/**
 * Writes that were not taken back, newest first, below an id (undefined: all); so a page can be restored while there are others.
 * Pages are ranges of ids: a database finds those by its primary key whatever it believes of a table that has just grown,
 * where "the newest that are not taken back" can be a search through everything for each page.
 */
export async function readJournal(
  db: AppDatabase,
  { below, table }: { readonly below: number | undefined; readonly table?: TableName | undefined },
): Promise<JournalPage> {
  const end = below ?? (await edgeOf(db, "desc")) + 1;
  const start = end - PAGE_IDS;
  let query = db
    .selectFrom("bucketferry_url_journal")
    .selectAll()
    .where("id", ">=", start)
    .where("id", "<", end)
    .where("restored_at", "is", null);
  if (table !== undefined) {
    query = query.where("table_name", "=", table.name);
    if (table.schema !== undefined) query = query.where("table_schema", "=", table.schema);
  }
  const own = sql<number>`octet_length(before_text) + octet_length(after_text)`;
  const rows = await db
    .selectFrom(query.select(sql<number>`sum(${own}) over (order by id desc)`.as("bytes_so_far")).as("entries"))
    .selectAll()
    .where(sql<number>`bytes_so_far - (${own})`, "<", PAGE_BYTES)
    .orderBy("id", "desc")
    .execute();
  const last = rows.at(-1);
  const isCut = last !== undefined && Number(last.bytes_so_far) >= PAGE_BYTES;
  // The oldest entry is asked for where the ids may end, which is once in a run.
  const isLast = start <= 1 || (rows.length === 0 && start <= (await edgeOf(db, "asc")));
  return { entries: rows.map(entryOf), nextBelow: isCut ? Number(last.id) : isLast ? undefined : start };
}

async function edgeOf(db: AppDatabase, order: "asc" | "desc"): Promise<number> {
  const row = await db
    .selectFrom("bucketferry_url_journal")
    .select("id")
    .orderBy("id", order)
    .limit(1)
    .executeTakeFirst();
  return Number(row?.id ?? 0);
}

/** Of these rows, those whose column holds what we wrote, by the journal: their keys and the texts. */
export async function journalledTexts(
  db: AppDatabase,
  table: TableName,
  column: string,
  rowKeys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom("bucketferry_url_journal")
    .select(["row_key", "after_text"])
    .where("restored_at", "is", null)
    .where("table_name", "=", table.name)
    .where("column_name", "=", column)
    .where("row_key", "in", [...rowKeys])
    .orderBy("id")
    .execute();
  return new Map(rows.map((row) => [row.row_key, row.after_text]));
}

/** The key of a row as the journal holds it. */
export function rowKeyText({ key }: Pick<Table, "key">, values: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(key.map((column, index) => [column.name, values[index] ?? ""])));
}

function entryOf(row: JournalTable): JournalEntry {
  const schema = row.table_schema ?? undefined;
  return {
    id: Number(row.id),
    table: { schema, name: row.table_name },
    label: schema === undefined ? row.table_name : `${schema}.${row.table_name}`,
    column: row.column_name,
    rowKey: JSON.parse(row.row_key) as Record<string, string>,
    before: row.before_text,
    after: row.after_text,
    get references() {
      return JSON.parse(row.edits) as JournalledReference[];
    },
  };
}
