import type { AppDatabase, JournalTable } from "./dialect.ts";
import type { Table, TableName } from "./table.ts";

/** One reference that a write changed. */
export interface JournalledReference {
  readonly route: string;
  /** The object's key at the source. */
  readonly key: string;
  readonly path?: string | undefined;
  /** The reference's text after the write. */
  readonly text: string;
}

export interface NewJournalEntry {
  readonly table: TableName;
  readonly column: string;
  /** `rowKeyText`. */
  readonly rowKey: string;
  readonly before: string;
  readonly after: string;
  readonly references: readonly JournalledReference[];
}

export interface JournalEntry extends Omit<NewJournalEntry, "rowKey"> {
  readonly id: number;
  readonly label: string;
  /** Column → value as text, in the order of the key. */
  readonly rowKey: Readonly<Record<string, string>>;
}

export interface ReadJournalOptions {
  /** Only entries with a lower id. */
  readonly below: number | undefined;
  readonly limit: number;
  /** Only those of one table. */
  readonly table?: TableName | undefined;
}

/** Writes that were not taken back, newest first, below an id; so a batch can be restored while the next is read. */
export async function readJournal(
  db: AppDatabase,
  { below, limit, table }: ReadJournalOptions,
): Promise<JournalEntry[]> {
  let query = db.selectFrom("bucketferry_url_journal").selectAll().where("restored_at", "is", null);
  if (below !== undefined) query = query.where("id", "<", below);
  if (table !== undefined) {
    query = query.where("table_name", "=", table.name);
    if (table.schema !== undefined) query = query.where("table_schema", "=", table.schema);
  }
  const rows = await query.orderBy("id", "desc").limit(limit).execute();
  return rows.map(entryOf);
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
    references: JSON.parse(row.edits) as JournalledReference[],
  };
}
