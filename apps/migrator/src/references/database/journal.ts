import { sql } from "kysely";
import type { AppDatabase, JournalTable } from "./dialect.ts";
import type { Table } from "./table.ts";

/** One reference that a write changed. */
export interface JournalledReference {
  readonly route: string;
  /** The object's key at the source. */
  readonly key: string;
  readonly path?: string | undefined;
  /** The reference's text after the write. */
  readonly text: string;
}

export interface JournalEntry {
  readonly id: number;
  readonly table: Pick<Table, "schema" | "name" | "label">;
  readonly column: string;
  /** Column → value as text, in the order of the key. */
  readonly rowKey: Readonly<Record<string, string>>;
  readonly before: string;
  readonly after: string;
  readonly references: readonly JournalledReference[];
}

export async function writeJournal(db: AppDatabase, entry: Omit<JournalEntry, "id">): Promise<void> {
  await db
    .insertInto("bucketferry_url_journal")
    .values({
      id: sql<number>`(select coalesce(max(id), 0) + 1 from bucketferry_url_journal)`,
      table_schema: entry.table.schema ?? null,
      table_name: entry.table.name,
      column_name: entry.column,
      row_key: JSON.stringify(entry.rowKey),
      before_text: entry.before,
      after_text: entry.after,
      edits: JSON.stringify(entry.references),
      written_at: new Date().toISOString(),
      restored_at: null,
    })
    .execute();
}

/** Writes that were not taken back, newest first, below an id; so a batch can be restored while the next is read. */
export async function readJournal(db: AppDatabase, below: number | undefined, limit: number): Promise<JournalEntry[]> {
  let query = db.selectFrom("bucketferry_url_journal").selectAll().where("restored_at", "is", null);
  if (below !== undefined) query = query.where("id", "<", below);
  const rows = await query.orderBy("id", "desc").limit(limit).execute();
  return rows.map(entryOf);
}

export async function markRestored(db: AppDatabase, id: number): Promise<void> {
  await db
    .updateTable("bucketferry_url_journal")
    .set({ restored_at: new Date().toISOString() })
    .where("id", "=", id)
    .execute();
}

function entryOf(row: JournalTable): JournalEntry {
  const schema = row.table_schema ?? undefined;
  return {
    id: Number(row.id),
    table: {
      schema,
      name: row.table_name,
      label: schema === undefined ? row.table_name : `${schema}.${row.table_name}`,
    },
    column: row.column_name,
    rowKey: JSON.parse(row.row_key) as Record<string, string>,
    before: row.before_text,
    after: row.after_text,
    references: JSON.parse(row.edits) as JournalledReference[],
  };
}
