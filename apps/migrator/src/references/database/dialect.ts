import type { KeyValue } from "../cell.ts";
import type { DatabaseError, DatabaseFinding } from "../contract.ts";
import type { Sign } from "../sign.ts";
import type { AppDatabase } from "./app-database.ts";
import type { ColumnFilter } from "./column-filter.ts";
import type { RowRestore, RowRewrite } from "./journal-entry.ts";
import type { Catalogue, KeyColumn, Row, Table, TextColumn, WrittenRow } from "./table.ts";

/** A moment in the life of a database, to tell rows that were written before it from those written after. */
export type Moment = string;

export interface ReadOptions {
  /** Only rows of which a column holds one of these. */
  readonly signs: readonly Sign[];
  readonly signal: AbortSignal;
  /** Only row versions that were written before, or at or after, a moment. Where the database cannot tell: all. */
  readonly before?: Moment | undefined;
  readonly since?: Moment | undefined;
  /** As many connections read at once as the server would give helpers to one query of its own. */
  readonly parallel: boolean;
}

export interface RowChunk {
  readonly rows: readonly Row[];
  /** How far the table is read, 0 to 1. */
  readonly done: number;
  /** Cells that are too long to be read. */
  readonly tooLong: readonly { readonly key: readonly string[]; readonly column: TextColumn; readonly bytes: number }[];
}

/**
 * What a writing transaction can do. Rows are written by compare and swap: only where every cell still holds its old text. The
 * answer has an entry for each change; undefined: another text is there by now, or the row is gone. What the journal has to
 * say of a row is written with it; where a row has another key afterwards, its open entries follow.
 */
export interface RowWriter {
  /** Each cell that is written gets an entry in the journal. */
  rewrite(table: Table, changes: readonly RowRewrite[]): Promise<readonly (WrittenRow | undefined)[]>;
  /** Each cell that is written has its entry marked as taken back. */
  restore(table: Table, changes: readonly RowRestore[]): Promise<readonly (WrittenRow | undefined)[]>;
  /** For cells that hold their old text already. */
  markRestored(ids: readonly number[]): Promise<void>;
}

/** What SQLite and Postgres say differently. Everything else is written once. */
export interface Dialect {
  /** A short transaction that reads. */
  reading<T>(work: (db: AppDatabase) => Promise<T>): Promise<T>;
  engine(): Promise<string>;
  catalogue(filter: ColumnFilter): Promise<Catalogue>;
  /** Permissions, replicas, triggers: what an operator should know before a rewrite. */
  findings(catalogue: Catalogue): Promise<DatabaseFinding[]>;
  /** Makes the journal's table when it is not there. `rekeys`: rows will be looked up in it by their keys. */
  prepareJournal(options: { readonly rekeys: boolean }): Promise<void>;
  hasJournal(): Promise<boolean>;
  /** Now; undefined where the database cannot tell afterwards which rows are newer. */
  moment(): Promise<Moment | undefined>;
  /** Chunks of the rows that may hold a reference; a few hundred rows are in memory at a time. */
  read(table: Table, options: ReadOptions): AsyncGenerator<RowChunk>;
  /** The text of one cell now; null for NULL or what is no text, undefined when there is no such row. */
  readCell(table: Table, key: readonly string[], column: TextColumn): Promise<string | null | undefined>;
  /** A transaction with the limits of `DatabaseLimits`. */
  write<T>(work: (writer: RowWriter) => Promise<T>): Promise<T>;
  /** Whether row-level security decides which rows of a table we may write. */
  hasRowSecurity(table: Table): Promise<boolean>;
  /** How far the slowest replica is behind, in milliseconds; 0 when there is none, undefined when nobody can tell. */
  replicaLagMs(): Promise<number | undefined>;
  shownKey(text: string, column: KeyColumn): KeyValue;
  /** A value that a person wrote, as a key of this database holds it; where its type is not certain, each that it can have. */
  keyLiterals(value: string, column: KeyColumn): readonly string[];
  /** A CHECK that keeps new references out of a column, as a statement for a person to run; undefined: none is possible. */
  guard(table: Table, column: TextColumn, needle: string): string | undefined;
  /** Whether a failed write is the cell's own fault: a limit, a constraint, a trigger that refuses. */
  isAboutTheCell(error: unknown): boolean;
  /** Whether of those it is a policy of row-level security that refuses the new row. */
  isAboutPolicies(error: unknown): boolean;
  /** Whether the same write may succeed in a moment: a lock, a deadlock, a serialization failure. */
  isPassing(error: unknown): boolean;
  translate(error: unknown): DatabaseError;
  close(): Promise<void>;
}
