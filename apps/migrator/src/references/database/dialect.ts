import type { Kysely, RawBuilder } from "kysely";
import type { DatabaseError, DatabaseFinding } from "../contract.ts";
import type { Catalogue, KeyColumn, Table, TextColumn } from "./table.ts";
import type { ColumnFilter } from "./column-filter.ts";

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

/** What SQLite and Postgres say differently. Everything else is written once. */
export interface Dialect {
  readonly db: AppDatabase;
  engine(): Promise<string>;
  catalogue(filter: ColumnFilter): Promise<Catalogue>;
  /** Permissions, replicas, triggers: what an operator should know before a rewrite. */
  findings(catalogue: Catalogue): Promise<DatabaseFinding[]>;
  /** Makes the journal's table when it is not there. */
  prepareJournal(): Promise<void>;
  hasJournal(): Promise<boolean>;
  /** A column's text, exactly as it will be compared. */
  textOf(column: TextColumn): RawBuilder<string>;
  /** A text as the value of a column. */
  valueOf(text: string, column: TextColumn): RawBuilder<unknown>;
  keyText(column: KeyColumn): RawBuilder<string>;
  keyValue(text: string, column: KeyColumn): RawBuilder<unknown>;
  /** True where the text holds the needle, whatever the case of its letters. */
  contains(text: RawBuilder<string>, needle: string): RawBuilder<boolean>;
  /** First statements of every writing transaction. */
  beginWriting(db: AppDatabase): Promise<void>;
  /** After a write: where a row whose key is its address lives now. */
  readonly movesOnWrite: boolean;
  /** Whether a failed write is the cell's own fault: a limit, a constraint, a trigger that refuses. */
  isAboutTheCell(error: unknown): boolean;
  translate(error: unknown): DatabaseError;
  close(): Promise<void>;
}

/** For quoting: schema and table as one identifier. */
export function tableId({ schema, name }: Pick<Table, "schema" | "name">): readonly string[] {
  return schema === undefined ? [name] : [schema, name];
}
