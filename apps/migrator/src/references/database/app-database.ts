import type { Kysely } from "kysely";

/** The tables of ours in the app's database. */
export interface ControlTables {
  bucketferry_url_journal: JournalTable;
}

/** One write of one cell. Texts only, so that both databases hold the same. */
export interface JournalTable {
  id: number;
  table_schema: string | null;
  table_name: string;
  column_name: string;
  /** JSON: column → value as text. */
  row_key: string;
  before_text: string;
  after_text: string;
  /** JSON: which references were changed, each with route, key and path. */
  edits: string;
  /** ISO 8601, UTC. */
  written_at: string;
  restored_at: string | null;
}

export type AppDatabase = Kysely<ControlTables>;
