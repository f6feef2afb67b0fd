import type { Sign } from "../sign.ts";
import type { Shape } from "./shape/shape.ts";

/** A name for SQL, as its parts. */
export interface TableName {
  readonly schema: string | undefined;
  readonly name: string;
}

export interface TextColumn {
  readonly name: string;
  readonly shape: Shape;
  /**
   * The column's type as a cast names it, without its length: a cast to `varchar(80)` would cut a longer text silently, while
   * storing it in such a column fails, as it should. Undefined where a text needs no cast.
   */
  readonly castTo: string | undefined;
  /** The name of the route whose keys the column holds, bare or behind the bucket's name; undefined: it holds no bare keys. */
  readonly keysOf: string | undefined;
}

export interface KeyColumn {
  readonly name: string;
  /** For a cast of the key's text back to its value. */
  readonly castTo: string;
}

/** A table whose rows can be read and written one by one. */
export interface Table extends TableName {
  /** What people call it: `lectures`, `public.lectures`. A partition is called by the name of its whole table. */
  readonly label: string;
  /** Where rows are written: for a partition the whole table, where that has a key, so that a row that moves is found. */
  readonly writeTo: TableName;
  readonly columns: readonly TextColumn[];
  /** What rows are found by, in order; never empty. */
  readonly key: readonly KeyColumn[];
  /** Whether the key is the row's address on disk (`rowid`, `ctid`), which another write may move. */
  readonly keyIsAddress: boolean;
  /** Whether a write of ours can change the key: it is an address, or one of the columns. */
  readonly keyMayChange: boolean;
  readonly estimatedRows: number | undefined;
}

/** A table, or one column of it, that is left out. */
export interface SkippedTable {
  readonly label: string;
  readonly column?: string | undefined;
  readonly reason: string;
  /** Counts the rows that hold one of these signs all the same; undefined where nothing could. */
  readonly count?: ((signs: readonly Sign[]) => Promise<number>) | undefined;
}

export interface Catalogue {
  readonly tables: readonly Table[];
  readonly skipped: readonly SkippedTable[];
}

/** A row as it is read: its key as texts, and the texts of its columns that may hold a reference. */
export interface Row {
  readonly key: readonly string[];
  readonly cells: readonly RowCell[];
}

export interface RowCell {
  readonly column: TextColumn;
  readonly text: string;
}

/** Several cells of one row that are written together, each only over its old text. */
export interface RowChange {
  readonly key: readonly string[];
  readonly cells: readonly CellChange[];
}

export interface CellChange {
  readonly column: TextColumn;
  readonly from: string;
  readonly to: string;
}

/** A row that was written. */
export interface WrittenRow {
  /** Its key after the write. */
  readonly key: readonly string[];
  /** The texts of its cells as the database holds them now: it may have normalised them, or a trigger changed them. */
  readonly texts: readonly string[];
}
