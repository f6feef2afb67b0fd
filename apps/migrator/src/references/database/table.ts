/** How the text of a column is to be read. */
export type ColumnKind = "text" | "json";

export interface TextColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** The column's type as the database writes it in a cast; undefined where a text needs none. */
  readonly castTo: string | undefined;
}

export interface KeyColumn {
  readonly name: string;
  /** For a cast of the key's text back to its value. */
  readonly castTo: string;
}

/** A table whose rows can be read and written one by one. */
export interface Table {
  readonly schema: string | undefined;
  readonly name: string;
  /** What people call it: `lectures`, `public.lectures`. */
  readonly label: string;
  readonly columns: readonly TextColumn[];
  /** What rows are found by, in order; never empty. */
  readonly key: readonly KeyColumn[];
  /** Whether the key is the row's address on disk (`rowid`, `ctid`), which another write may move. */
  readonly keyIsAddress: boolean;
  readonly estimatedRows: number | undefined;
}

/** A table, or one column of it, that is left out. */
export interface SkippedTable {
  readonly label: string;
  readonly column?: string | undefined;
  readonly reason: string;
}

export interface Catalogue {
  readonly tables: readonly Table[];
  readonly skipped: readonly SkippedTable[];
}

/** A row as it is read: its key as texts, and the texts of its columns that may hold a reference. */
export interface Row {
  readonly key: readonly string[];
  readonly cells: readonly { readonly column: TextColumn; readonly text: string }[];
}
